package io.connectctl.compose.runtime.docker;

import com.github.dockerjava.api.command.CreateContainerCmd;
import com.github.dockerjava.api.model.Bind;
import com.github.dockerjava.api.model.Capability;
import com.github.dockerjava.api.model.ExposedPort;
import com.github.dockerjava.api.model.HealthCheck;
import com.github.dockerjava.api.model.HostConfig;
import com.github.dockerjava.api.model.LogConfig;
import com.github.dockerjava.api.model.Mount;
import com.github.dockerjava.api.model.MountType;
import com.github.dockerjava.api.model.Ports;
import com.github.dockerjava.api.model.RestartPolicy;
import com.github.dockerjava.api.model.VolumeOptions;
import io.connectctl.compose.render.ContainerChecks;
import io.connectctl.compose.render.ContainerPorts;
import io.connectctl.compose.render.LaunchPlan;
import io.connectctl.compose.render.RenderedFile;
import io.connectctl.compose.runtime.Deadline;
import io.connectctl.compose.runtime.DriverReach;
import io.connectctl.compose.runtime.LaunchException;
import io.connectctl.compose.runtime.Progress;
import io.connectctl.compose.runtime.RuntimeUnavailableException;
import io.connectctl.compose.spec.ContainerSpec;
import io.connectctl.compose.spec.DriverNetwork;
import io.connectctl.compose.spec.Expose;
import io.connectctl.compose.spec.Loosening;
import io.connectctl.compose.spec.ServerSpec;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.locks.ReentrantLock;
import org.apache.commons.compress.archivers.tar.TarArchiveEntry;
import org.apache.commons.compress.archivers.tar.TarArchiveInputStream;
import org.apache.commons.compress.archivers.tar.TarArchiveOutputStream;
import org.jspecify.annotations.Nullable;

/** Makes containers: what a plan says, as the engine takes it. */
final class Launcher {
    /** The {@code spark} of Apache's images. */
    static final int SPARK_USER = 185;

    /** Holds variables that nobody who may look at the container shall see. */
    private static final String ENVIRONMENT_FILE = "environment";

    private static final String LEASE_SCRIPT = "lease";

    /** Variables that tell no secret: they are connectctl's own. */
    private static final String PLAIN_VARIABLES = "CONNECTCTL_";

    private static final Map<String, String> LOG_BOUNDS = Map.of("max-size", "10m", "max-file", "4");
    private static final Duration START_INTERVAL = Duration.ofSeconds(2);

    /** A volume of packages is whole once this file is there; behind every letter, so that it is written last. */
    private static final String WHOLE = "~whole";

    /** Hundreds of megabytes, to an engine that may be elsewhere. */
    private static final Duration PACKAGES_PATIENCE = Duration.ofMinutes(10);

    private static final int LONGEST_NAME = 100;

    /** Where its volumes are mounted. */
    private static final List<Path> VOLUMES = List.of(Names.CONF, Names.WORK, Names.WAREHOUSE);

    private final Engine engine;
    /** By volume: a set that is long in coming holds up no server of another one. */
    private final Map<String, ReentrantLock> filling = new ConcurrentHashMap<>();

    Launcher(Engine engine) {
        this.engine = engine;
    }

    /** Who owns the files: the user that the server runs as. */
    record Owner(int user, int group) {}

    // ------------------------------------------------------------------ files

    /**
     * Makes the volumes anew (but the warehouse's, which stays) and puts the rendered files in. They enter through the
     * engine's API rather than by a mount of our folders, so that engines elsewhere, and users who are not root, work.
     */
    void fill(Names names, LaunchPlan plan, Map<String, String> hadoop, String image, String user)
            throws EngineRefusal, RuntimeUnavailableException, InterruptedException {
        remove(names.helper());
        for (String volume : List.of(names.conf(), names.work())) {
            removeVolume(volume);
        }
        for (String volume : List.of(names.conf(), names.work(), names.warehouse())) {
            engine.ask("making volume " + volume, Engine.PATIENCE, client -> client.createVolumeCmd()
                    .withName(volume)
                    .withLabels(names.labels())
                    .exec());
        }
        String helper = helper(names, image);
        try {
            Owner owner = plan.spec().container().loosens(Loosening.USER)
                    ? owner(helper, user)
                    : new Owner(SPARK_USER, SPARK_USER);
            Map<Path, String> more = new TreeMap<>();
            hadoop.forEach((name, text) -> more.put(HadoopFiles.FOLDER.resolve(name), text));
            List<Entry> entries = entries(plan, hadoop.isEmpty() ? List.of() : List.of(HadoopFiles.FOLDER), more);
            // Docker gives a folder of the archive its owner, but not the one that it is unpacked in.
            List<Entry> folders =
                    entries.stream().filter(entry -> entry.content().isEmpty()).toList();
            copy(helper, Path.of("/"), pack(Path.of("/"), folders, owner));
            // Podman (4.3) puts what is for "/" below the volumes, where no server sees it.
            for (Path volume : VOLUMES) {
                copy(helper, volume, pack(volume, entries, owner));
            }
        } finally {
            remove(helper);
        }
    }

    /** Where jars are fetched, if a volume lacks them. */
    @FunctionalInterface
    interface Jars {
        Path fetch() throws LaunchException, InterruptedException;
    }

    /**
     * Puts jars into the volume of their set, unless they are there as a whole. By one at a time: servers run from what is there, and a jar
     * must not be written under them.
     *
     * @param folder where the set lies in containers
     * @param jars the folder here; asked for only where it is needed
     */
    void fillPackages(Names names, Path folder, String image, Jars jars, Progress progress)
            throws LaunchException, EngineRefusal, RuntimeUnavailableException, InterruptedException, IOException {
        String volume = names.packages(folder);
        ReentrantLock turn = filling.computeIfAbsent(volume, key -> new ReentrantLock());
        turn.lockInterruptibly();
        try {
            String helper = volume + "-files";
            remove(helper);
            engine.ask("making volume " + volume, Engine.PATIENCE, client -> client.createVolumeCmd()
                    .withName(volume)
                    .withLabels(names.packagesLabels(folder))
                    .exec());
            String id = engine.ask(
                    "making a container that takes packages", Engine.PATIENCE, client -> client.createContainerCmd(
                                    image)
                            .withName(helper)
                            .withLabels(names.packagesLabels(folder))
                            .withCmd("/bin/sh")
                            .withHostConfig(new HostConfig().withMounts(List.of(mount(volume, folder, false))))
                            .exec()
                            .getId());
            try {
                if (!engine.exists(id, folder.resolve(WHOLE).toString())) {
                    BuildContext content = packages(jars.fetch());
                    long size = content.size();
                    engine.ask(
                            "copying packages to " + volume,
                            PACKAGES_PATIENCE,
                            client -> client.copyArchiveToContainerCmd(id)
                                    .withRemotePath(folder.toString())
                                    .withTarInputStream(content.open(
                                            sent -> progress.report("copying packages to the engine", sent, size)))
                                    .exec());
                }
            } finally {
                remove(id);
            }
        } finally {
            turn.unlock();
        }
    }

    /** Sorted by name, so that the mark comes last. */
    private static BuildContext packages(Path jars) throws IOException {
        BuildContext content = new BuildContext();
        int number = 0;
        try (DirectoryStream<Path> files = Files.newDirectoryStream(jars, "*.jar")) {
            for (Path jar : files) {
                String name = String.valueOf(jar.getFileName());
                // Their names matter to nobody, but to an archive that has no room for a long one.
                content.file(
                        name.length() <= LONGEST_NAME
                                ? name
                                : number++ + "-" + name.substring(name.length() - LONGEST_NAME / 2),
                        jar);
            }
        }
        return content.text(WHOLE, "");
    }

    private String helper(Names names, String image)
            throws EngineRefusal, RuntimeUnavailableException, InterruptedException {
        return engine.ask(
                "making a container that takes the files of " + names.server(),
                Engine.PATIENCE,
                client -> client.createContainerCmd(image)
                        .withName(names.helper())
                        .withLabels(names.labels())
                        .withCmd("/bin/sh")
                        .withHostConfig(new HostConfig().withMounts(mounts(names, false)))
                        .exec()
                        .getId());
    }

    /**
     * Puts the files of a leased server into its container, which was made and not started yet: its volumes have no names, so that the
     * engine removes them with it. What the server must not write (its configuration, its deadline) belongs to root there, as files
     * can't enter a volume that is mounted read-only.
     */
    void fillLeased(String container, LaunchPlan plan, Map<String, String> hadoop, String user, String deadline)
            throws EngineRefusal, RuntimeUnavailableException, InterruptedException {
        Owner owner = plan.spec().container().loosens(Loosening.USER)
                ? owner(container, user)
                : new Owner(SPARK_USER, SPARK_USER);
        Owner readers = new Owner(0, owner.group());
        copy(container, Names.CONF, confOfLeased(plan, hadoop, readers, deadline));
        copy(container, parent(Names.WORK), tar(archive -> {
            for (Path folder : List.of(Names.WORK, Names.WAREHOUSE)) {
                put(archive, "/" + folder.getFileName() + "/", new byte[0], 0700, owner);
            }
        }));
    }

    /** Where the volume of a leased server's own folders lies: above them, since the root of a volume stays the engine's. */
    private static Path parent(Path folder) {
        return Objects.requireNonNull(folder.getParent(), "no folder of a server is the root");
    }

    private static byte[] confOfLeased(LaunchPlan plan, Map<String, String> hadoop, Owner readers, String deadline) {
        return tar(archive -> {
            for (RenderedFile file : plan.rendering().files()) {
                put(
                        archive,
                        inConf(file.name()),
                        file.text().getBytes(StandardCharsets.UTF_8),
                        file.executable() ? 0550 : 0440,
                        readers);
            }
            if (plan.site().token().isPresent() && plan.ticket().token().isPresent()) {
                put(
                        archive,
                        inConf(plan.site().token().get().getFileName().toString()),
                        plan.ticket().token().get().getBytes(StandardCharsets.UTF_8),
                        0440,
                        readers);
            }
            Map<String, String> hidden = hidden(plan);
            if (!hidden.isEmpty()) {
                put(archive, inConf(ENVIRONMENT_FILE), exports(hidden).getBytes(StandardCharsets.UTF_8), 0440, readers);
            }
            if (!hadoop.isEmpty()) {
                String folder = HadoopFiles.FOLDER.getFileName() + "/";
                put(archive, inConf(folder), new byte[0], 0750, readers);
                for (Map.Entry<String, String> file : hadoop.entrySet()) {
                    put(
                            archive,
                            inConf(folder + file.getKey()),
                            file.getValue().getBytes(StandardCharsets.UTF_8),
                            0440,
                            readers);
                }
            }
            put(archive, inConf(LEASE_SCRIPT), leaseScript(), 0550, readers);
            put(archive, inConf(Deadline.FILE), deadline.getBytes(StandardCharsets.UTF_8), 0440, readers);
        });
    }

    private static String inConf(String file) {
        return "/" + file;
    }

    /** Tells a leased container when it is to end. */
    void rearm(String container, String deadline)
            throws EngineRefusal, RuntimeUnavailableException, InterruptedException {
        // Readable by anybody in there: whose the file was is a question to the engine more.
        copy(
                container,
                Names.CONF,
                tar(archive -> put(
                        archive,
                        "/" + Deadline.FILE,
                        deadline.getBytes(StandardCharsets.UTF_8),
                        0444,
                        new Owner(0, 0))));
    }

    private void copy(String container, Path folder, byte[] archive)
            throws EngineRefusal, RuntimeUnavailableException, InterruptedException {
        engine.ask("copying files to " + folder, Engine.PATIENCE, client -> client.copyArchiveToContainerCmd(container)
                .withRemotePath(folder.toString())
                .withTarInputStream(new ByteArrayInputStream(archive))
                .exec());
    }

    /** What goes into an archive. */
    @FunctionalInterface
    private interface Content {
        void into(TarArchiveOutputStream archive) throws IOException;
    }

    private static byte[] tar(Content content) {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try (TarArchiveOutputStream archive = new TarArchiveOutputStream(bytes, "UTF-8")) {
            archive.setLongFileMode(TarArchiveOutputStream.LONGFILE_POSIX);
            content.into(archive);
        } catch (IOException e) {
            throw new IOExceptionInMemory(e);
        }
        return bytes.toByteArray();
    }

    private static byte[] leaseScript() throws IOException {
        try (InputStream script = Launcher.class.getResourceAsStream("lease.sh")) {
            if (script == null) {
                throw new IOException("lease.sh is missing in this installation");
            }
            return script.readAllBytes();
        }
    }

    private static String exports(Map<String, String> variables) {
        StringBuilder text = new StringBuilder();
        variables.forEach((key, value) -> text.append("export ")
                .append(key)
                .append("='")
                .append(value.replace("'", "'\\''"))
                .append("'\n"));
        return text.toString();
    }

    private static List<Mount> leasedMounts(Names names) {
        List<Mount> mounts = new ArrayList<>();
        // Not above the configuration's folder: beside it lies what an image brings, such as its class data archive.
        for (Path folder : List.of(Names.CONF, parent(Names.WORK))) {
            mounts.add(new Mount()
                    .withType(MountType.VOLUME)
                    .withTarget(folder.toString())
                    .withVolumeOptions(new VolumeOptions().withNoCopy(true).withLabels(names.leasedLabels())));
        }
        return mounts;
    }

    private static List<Mount> mounts(Names names, boolean readOnlyConf) {
        return List.of(
                mount(names.conf(), Names.CONF, readOnlyConf),
                mount(names.work(), Names.WORK, false),
                mount(names.warehouse(), Names.WAREHOUSE, false));
    }

    private static Mount mount(String volume, Path target, boolean readOnly) {
        // What an image may have at this place must not get in.
        return new Mount()
                .withType(MountType.VOLUME)
                .withSource(volume)
                .withTarget(target.toString())
                .withReadOnly(readOnly)
                .withVolumeOptions(new VolumeOptions().withNoCopy(true));
    }

    /**
     * The files of a launch, as a tar archive for the root of its container.
     *
     * @param folders to be made besides
     * @param more content of files besides, by path
     */
    static byte[] archive(LaunchPlan plan, Owner owner, List<Path> folders, Map<Path, String> more) {
        return pack(Path.of("/"), entries(plan, folders, more), owner);
    }

    /** A file, or a folder where there is no content. */
    private record Entry(Path path, Optional<String> content, int mode) {
        static Entry folder(Path path) {
            return new Entry(path, Optional.empty(), 0700);
        }

        static Entry file(Path path, String content, int mode) {
            return new Entry(path, Optional.of(content), mode);
        }
    }

    private static List<Entry> entries(LaunchPlan plan, List<Path> folders, Map<Path, String> more) {
        List<Entry> entries = new ArrayList<>();
        // The roots of the volumes too: the engine makes them root's.
        VOLUMES.forEach(folder -> entries.add(Entry.folder(folder)));
        folders.forEach(folder -> entries.add(Entry.folder(folder)));
        more.forEach((path, text) -> entries.add(Entry.file(path, text, 0600)));
        for (RenderedFile file : plan.rendering().files()) {
            entries.add(Entry.file(Names.CONF.resolve(file.name()), file.text(), file.executable() ? 0700 : 0600));
        }
        plan.ticket()
                .token()
                .ifPresent(token -> plan.site().token().ifPresent(path -> entries.add(Entry.file(path, token, 0400))));
        Map<String, String> hidden = hidden(plan);
        if (!hidden.isEmpty()) {
            entries.add(Entry.file(Names.CONF.resolve(ENVIRONMENT_FILE), exports(hidden), 0400));
        }
        return entries;
    }

    /** A tar archive of what is in a folder of the container, and of that folder itself, to be unpacked there. */
    private static byte[] pack(Path root, List<Entry> entries, Owner owner) {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try (TarArchiveOutputStream tar = new TarArchiveOutputStream(bytes, "UTF-8")) {
            tar.setLongFileMode(TarArchiveOutputStream.LONGFILE_POSIX);
            for (Entry entry : entries) {
                if (entry.path().startsWith(root)) {
                    put(tar, root, entry, owner);
                }
            }
        } catch (IOException e) {
            throw new IOExceptionInMemory(e);
        }
        return bytes.toByteArray();
    }

    /** Memory knows no I/O errors. */
    private static final class IOExceptionInMemory extends RuntimeException {
        private static final long serialVersionUID = 1L;

        IOExceptionInMemory(IOException cause) {
            super(cause);
        }
    }

    private static void put(TarArchiveOutputStream tar, Path root, Entry entry, Owner owner) throws IOException {
        byte[] content = entry.content().orElse("").getBytes(StandardCharsets.UTF_8);
        boolean folder = entry.content().isEmpty();
        String name =
                entry.path().equals(root) ? "." : root.relativize(entry.path()).toString();
        put(tar, "/" + name + (folder ? "/" : ""), content, entry.mode(), owner);
    }

    private static void put(TarArchiveOutputStream tar, String path, byte[] content, int mode, Owner owner)
            throws IOException {
        TarArchiveEntry entry = new TarArchiveEntry(path.substring(1));
        entry.setMode(mode | (path.endsWith("/") ? TarArchiveEntry.DEFAULT_DIR_MODE & 0170000 : 0100000));
        entry.setIds(owner.user(), owner.group());
        entry.setSize(content.length);
        tar.putArchiveEntry(entry);
        tar.write(content);
        tar.closeArchiveEntry();
    }

    private static Map<String, String> hidden(LaunchPlan plan) {
        Map<String, String> hidden = new TreeMap<>(plan.environment());
        hidden.keySet().removeIf(key -> key.startsWith(PLAIN_VARIABLES));
        return hidden;
    }

    /** The numbers of an image's own user, who may be named: {@code spark}, {@code 1000:1000} or nothing, which is root. */
    private Owner owner(String container, String user)
            throws EngineRefusal, RuntimeUnavailableException, InterruptedException {
        String[] parts = user.split(":", 2);
        String name = parts[0];
        if (name.isEmpty()) {
            return new Owner(0, 0);
        }
        String passwd = engine.text(container, Images.PASSWD);
        return owner(passwd, name, parts.length > 1 ? parts[1] : "");
    }

    /** A line of passwd: {@code name:password:uid:gid:...}. */
    static Owner owner(String passwd, String name, String group) {
        OptionalInt number = number(name);
        for (String line : passwd.split("\n", -1)) {
            String[] fields = line.split(":", -1);
            if (fields.length > 3
                    && (fields[0].equals(name) || (number.isPresent() && fields[2].equals(name)))
                    && number(fields[2]).isPresent()) {
                return new Owner(
                        number(fields[2]).getAsInt(),
                        number(group).orElse(number(fields[3]).orElse(0)));
            }
        }
        return new Owner(number.orElse(0), number(group).orElse(0));
    }

    private static OptionalInt number(String text) {
        return text.matches("\\d{1,9}") ? OptionalInt.of(Integer.parseInt(text)) : OptionalInt.empty();
    }

    // ------------------------------------------------------------------ the container

    /**
     * Which ports of the engine's machine a container gets.
     *
     * @param grpc 0 for any
     * @param ui 0 for any; empty where there is none
     * @param driver for executors: the same ports inside and outside
     */
    record Published(int grpc, OptionalInt ui, DriverReach driver) {}

    /**
     * Makes the server's container, ready to be started. Gives its id.
     *
     * @param leased true if the engine is to remove it and its volumes as soon as it ends
     */
    String create(Names names, LaunchPlan plan, String image, Published published, boolean leased)
            throws EngineRefusal, RuntimeUnavailableException, InterruptedException {
        boolean startInterval = engine.version().atLeast(1, 44);
        ServerSpec spec = plan.spec();
        return engine.ask("making container " + names.container(), Engine.PATIENCE, client -> {
            CreateContainerCmd command = client.createContainerCmd(image)
                    .withName(names.container())
                    .withLabels(labels(names, plan, leased))
                    .withEntrypoint()
                    .withCmd(command(plan, leased))
                    .withEnv(environment(plan))
                    .withWorkingDir(Names.WORK.toString())
                    .withStopSignal("SIGTERM")
                    .withStopTimeout((int) Math.max(1, seconds(spec.stop().grace())))
                    .withExposedPorts(exposed(spec, published))
                    .withHostConfig(host(names, plan, published, leased));
            if (!spec.container().loosens(Loosening.USER)) {
                command.withUser(SPARK_USER + ":" + SPARK_USER);
            }
            if (plan.rendering().files().stream().anyMatch(file -> file.name().equals("healthcheck"))) {
                command.withHealthcheck(health(spec, startInterval));
            }
            return command.exec().getId();
        });
    }

    private static Map<String, String> labels(Names names, LaunchPlan plan, boolean leased) {
        Map<String, String> labels = names.labels(plan);
        if (leased) {
            labels.put(Names.LEASE, names.server().value());
        }
        return labels;
    }

    private static List<String> command(LaunchPlan plan, boolean leased) {
        List<String> command = new ArrayList<>();
        if (leased) {
            command.addAll(List.of(
                    "/bin/sh",
                    Names.CONF.resolve(LEASE_SCRIPT).toString(),
                    Names.CONF.resolve(Deadline.FILE).toString()));
        }
        if (hidden(plan).isEmpty()) {
            command.addAll(plan.command());
            return command;
        }
        command.addAll(List.of("/bin/sh", "-c", ". " + Names.CONF.resolve(ENVIRONMENT_FILE) + "; exec \"$@\"", "sh"));
        command.addAll(plan.command());
        return command;
    }

    /** The variables that a container is made with, none of them secret. */
    static List<String> environment(LaunchPlan plan) {
        Map<String, String> plain = new TreeMap<>(plan.environment());
        plain.keySet().removeIf(key -> !key.startsWith(PLAIN_VARIABLES));
        // The port that was asked for is one of the engine's machine; in the container it is always the same.
        plain.computeIfPresent(
                "CONNECTCTL_GRPC_PORT", (key, value) -> Integer.toString(ContainerPorts.grpc(plan.spec())));
        // The user may have no entry in passwd, and the root file system is read-only: this is the folder that it can
        // have.
        plain.put("HOME", Names.WORK.toString());
        List<String> variables = new ArrayList<>();
        plain.forEach((key, value) -> variables.add(key + "=" + value));
        return variables;
    }

    private static List<ExposedPort> exposed(ServerSpec spec, Published published) {
        List<ExposedPort> exposed = new ArrayList<>();
        exposed.add(ExposedPort.tcp(ContainerPorts.grpc(spec)));
        ContainerPorts.ui(spec).ifPresent(ui -> exposed.add(ExposedPort.tcp(ui)));
        published.driver().port().ifPresent(port -> exposed.add(ExposedPort.tcp(port)));
        published.driver().blockManagerPort().ifPresent(port -> exposed.add(ExposedPort.tcp(port)));
        return exposed;
    }

    private static HostConfig host(Names names, LaunchPlan plan, Published published, boolean leased) {
        ServerSpec spec = plan.spec();
        ContainerSpec container = spec.container();
        List<Mount> mounts = new ArrayList<>(leased ? leasedMounts(names) : mounts(names, true));
        plan.site().packages().ifPresent(folder -> mounts.add(mount(names.packages(folder), folder, true)));
        HostConfig host = new HostConfig()
                .withMounts(mounts)
                .withAutoRemove(leased)
                .withRestartPolicy(RestartPolicy.noRestart())
                .withLogConfig(new LogConfig(LogConfig.LoggingType.JSON_FILE, LOG_BOUNDS))
                .withTmpFs(Map.of(
                        "/tmp", "rw,exec,nosuid,nodev,size=" + container.tmpfs().bytes() + ",mode=1777"))
                // The kernel keeps a SIGKILL from within off a container's first process: the switch needs another one
                // there.
                .withInit(leased || !container.loosens(Loosening.INIT))
                .withReadonlyRootfs(!container.loosens(Loosening.READ_ONLY))
                .withPortBindings(bindings(spec, published));
        if (!container.loosens(Loosening.CAPABILITIES)) {
            host.withCapDrop(Capability.ALL);
        }
        if (!container.loosens(Loosening.NEW_PRIVILEGES)) {
            host.withSecurityOpts(List.of("no-new-privileges"));
        }
        if (!container.loosens(Loosening.PIDS)) {
            host.withPidsLimit((long) container.pidsLimit());
        }
        if (!container.loosens(Loosening.MEMORY)) {
            long limit = container.limitFor(spec.driverMemory()).bytes();
            // The engine's "swap" is memory and swap together: the same number means none.
            host.withMemory(limit).withMemorySwap(container.loosens(Loosening.SWAP) ? 2 * limit : limit);
        }
        if (!container.networks().isEmpty()) {
            host.withNetworkMode(container.networks().get(0));
        }
        if (!container.volumes().isEmpty()) {
            host.withBinds(container.volumes().stream().map(Bind::parse).toList());
        }
        if (!container.extraHosts().isEmpty()) {
            host.withExtraHosts(container.extraHosts().toArray(new String[0]));
        }
        return host;
    }

    private static Ports bindings(ServerSpec spec, Published published) {
        String address = spec.expose() == Expose.LOOPBACK ? "127.0.0.1" : "0.0.0.0";
        Ports ports = new Ports();
        ports.bind(
                ExposedPort.tcp(ContainerPorts.grpc(spec)),
                new Ports.Binding(address, published.grpc() == 0 ? "" : Integer.toString(published.grpc())));
        if (published.ui().isPresent()) {
            int ui = published.ui().getAsInt();
            ports.bind(
                    ExposedPort.tcp(ContainerPorts.ui(spec).orElseThrow()),
                    new Ports.Binding(address, ui == 0 ? "" : Integer.toString(ui)));
        }
        DriverReach driver = published.driver();
        // On the one address that executors are told, where that is this machine's own; a name may be anything.
        String reached = driver.host()
                .filter(host -> DriverNetwork.of(spec).host().isEmpty())
                .orElse("0.0.0.0");
        driver.port().ifPresent(port -> bind(ports, reached, port));
        driver.blockManagerPort().ifPresent(port -> bind(ports, reached, port));
        return ports;
    }

    private static void bind(Ports ports, String address, int port) {
        ports.bind(ExposedPort.tcp(port), new Ports.Binding(address, Integer.toString(port)));
    }

    static HealthCheck health(ServerSpec spec, boolean startInterval) {
        HealthCheck check = new HealthCheck()
                .withTest(List.of("CMD", Names.CONF.resolve("healthcheck").toString()))
                .withInterval(
                        ContainerChecks.interval(spec.health(), startInterval).toNanos())
                .withTimeout(ContainerChecks.timeout(spec.health()).toNanos())
                .withRetries(spec.health().failures())
                .withStartPeriod(spec.health().startTimeout().toNanos());
        return startInterval ? check.withStartInterval(START_INTERVAL.toNanos()) : check;
    }

    /** Whole seconds, as the engine counts; a part of one is one. */
    static long seconds(Duration duration) {
        return duration.plusNanos(999_999_999).toSeconds();
    }

    /** Joins the further networks, and starts it. */
    void start(String container, LaunchPlan plan)
            throws EngineRefusal, RuntimeUnavailableException, InterruptedException {
        List<String> networks = plan.spec().container().networks();
        for (String network : networks.subList(Math.min(1, networks.size()), networks.size())) {
            engine.ask("joining network " + network, Engine.PATIENCE, client -> client.connectToNetworkCmd()
                    .withNetworkId(network)
                    .withContainerId(container)
                    .exec());
        }
        start(container, container);
    }

    /** Starts a container that is there; {@code name} is what people call it. */
    void start(String container, String name) throws EngineRefusal, RuntimeUnavailableException, InterruptedException {
        engine.ask("starting container " + name, Engine.PATIENCE.multipliedBy(3), client -> client.startContainerCmd(
                        container)
                .exec());
    }

    // ------------------------------------------------------------------ ending

    /** Asks politely, and by force after {@code grace}; gives up {@code slack} later. */
    void stop(Container container, Duration grace, Duration slack)
            throws EngineRefusal, RuntimeUnavailableException, InterruptedException {
        int seconds = (int) Math.min(Integer.MAX_VALUE, seconds(grace));
        engine.ask("stopping " + container.name(), grace.plus(slack), client -> client.stopContainerCmd(container.id())
                .withTimeout(seconds)
                .exec());
    }

    void kill(Container container, Duration slack)
            throws EngineRefusal, RuntimeUnavailableException, InterruptedException {
        engine.ask("killing " + container.name(), slack, client -> client.killContainerCmd(container.id())
                .withSignal("KILL")
                .exec());
    }

    void unpause(Container container) throws EngineRefusal, RuntimeUnavailableException, InterruptedException {
        engine.ask(
                "unpausing " + container.name(), Engine.PATIENCE, client -> client.unpauseContainerCmd(container.id())
                        .exec());
    }

    // ------------------------------------------------------------------ taking away

    /**
     * True if the server's warehouse holds anything.
     *
     * @param image for a container to look into it with, where none is left; null where none is known
     */
    boolean holdsAnything(Names names, @Nullable String image)
            throws EngineRefusal, RuntimeUnavailableException, InterruptedException {
        try {
            engine.get("looking for volume " + names.warehouse(), Engine.PATIENCE, "/volumes/" + names.warehouse());
        } catch (EngineRefusal e) {
            if (e.status() == EngineRefusal.NOT_FOUND) {
                return false;
            }
            throw e;
        }
        Optional<Container> left = engine.container(names.container()).filter(names::owns);
        if (left.isPresent()) {
            return holdsAnything(left.get().id());
        }
        if (image == null) {
            return true; // nobody can look
        }
        remove(names.helper());
        String helper = helper(names, image);
        try {
            return holdsAnything(helper);
        } finally {
            remove(helper);
        }
    }

    private boolean holdsAnything(String container)
            throws EngineRefusal, RuntimeUnavailableException, InterruptedException {
        return engine.ask("looking into its warehouse", Engine.PATIENCE, client -> {
            try (InputStream stream = client.copyArchiveFromContainerCmd(container, Names.WAREHOUSE.toString())
                            .exec();
                    TarArchiveInputStream tar = new TarArchiveInputStream(stream)) {
                TarArchiveEntry folder = tar.getNextEntry();
                return folder != null && tar.getNextEntry() != null;
            }
        });
    }

    /** Removes a container, whatever it does; missing is fine. */
    void remove(String container) throws EngineRefusal, RuntimeUnavailableException, InterruptedException {
        try {
            engine.ask(
                    "removing container " + container, Engine.PATIENCE, client -> client.removeContainerCmd(container)
                            .withForce(true)
                            // Those without a name: a leased server's, and what its image declares.
                            .withRemoveVolumes(true)
                            .exec());
        } catch (EngineRefusal e) {
            // Missing, or somebody else is at it.
            if (e.status() != EngineRefusal.NOT_FOUND && e.status() != EngineRefusal.CONFLICT) {
                throw e;
            }
        }
    }

    /** Removes a volume; missing is fine. */
    void removeVolume(String volume) throws EngineRefusal, RuntimeUnavailableException, InterruptedException {
        try {
            engine.ask("removing volume " + volume, Engine.PATIENCE, client -> client.removeVolumeCmd(volume)
                    .exec());
        } catch (EngineRefusal e) {
            if (e.status() != EngineRefusal.NOT_FOUND) {
                throw e;
            }
        }
    }
}
