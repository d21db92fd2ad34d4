package io.connectctl.manager.doctor;

import io.connectctl.compose.runtime.Cache;
import io.connectctl.compose.runtime.CacheEntry;
import io.connectctl.compose.runtime.Folders;
import io.connectctl.compose.runtime.JavaChoice;
import io.connectctl.compose.runtime.LaunchException;
import io.connectctl.compose.runtime.RuntimeUnavailableException;
import io.connectctl.compose.runtime.ServerRuntime;
import io.connectctl.compose.spec.Defaults;
import io.connectctl.compose.spec.HadoopConf;
import io.connectctl.compose.spec.JavaSupport;
import io.connectctl.compose.spec.PortChoice;
import io.connectctl.health.doctor.Check;
import io.connectctl.health.doctor.Check.Verdict;
import io.connectctl.health.doctor.Doctor.Listener;
import io.connectctl.manager.cluster.ResourceManager;
import io.connectctl.manager.cluster.YarnRoom;
import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.FileStore;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermission;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import java.util.zip.ZipFile;

/** Examines the machine, check by check. Changes nothing and makes no folder. */
public final class MachineDoctor {
    /** Every check, in order. */
    public static final List<String> CHECKS =
            List.of("java", "engine", "folders", "disk", "ports", "memory", "cluster", "cache", "mllib");

    /** A Spark runtime is about 400 MiB, an image 1 GiB, and logs and shuffle files come on top. */
    private static final long LOW_DISK = 2L << 30;

    /** Below this even a state database may fail. */
    private static final long NO_DISK = 100L << 20;

    private static final String ANOTHER_JAVA =
            "install a JDK 17 (Debian: apt-get install openjdk-17-jre-headless), or declare javaHome";

    private static final Pattern MEMORY = Pattern.compile("(?m)^(MemTotal|MemAvailable):\\s+(\\d+) kB");

    private static final Set<PosixFilePermission> OTHERS = Set.of(
            PosixFilePermission.GROUP_READ,
            PosixFilePermission.GROUP_WRITE,
            PosixFilePermission.GROUP_EXECUTE,
            PosixFilePermission.OTHERS_READ,
            PosixFilePermission.OTHERS_WRITE,
            PosixFilePermission.OTHERS_EXECUTE);

    private final Folders folders;
    private final Map<String, ServerRuntime> runtimes;
    private final Path memory;
    private final Map<String, String> environment;
    private final Listener listener;
    private long began;

    /**
     * @param runtimes by their names
     * @param memory the kernel's account of memory: {@code /proc/meminfo}
     * @param environment the caller's, which may name a Hadoop configuration
     */
    public MachineDoctor(
            Folders folders,
            Map<String, ServerRuntime> runtimes,
            Path memory,
            Map<String, String> environment,
            Listener listener) {
        this.environment = Map.copyOf(environment);
        this.folders = folders;
        this.runtimes = new TreeMap<>(runtimes);
        this.memory = memory;
        this.listener = listener;
    }

    /** Examines all of it. */
    public void examine() throws InterruptedException {
        java();
        engine();
        folders();
        disk();
        ports();
        memory();
        cluster();
        cache();
    }

    private void java() {
        begin("java");
        ServerRuntime processes = runtimes.get("process");
        try {
            Optional<JavaChoice> choice = processes == null ? Optional.empty() : processes.java(Defaults.SPARK);
            if (choice.isEmpty()) {
                end("java", Verdict.NOTE, "", "this connectctl runs no servers on this machine's own Java", "");
                return;
            }
            String seen = "Spark " + Defaults.SPARK + " would run on Java "
                    + choice.get().version() + " at " + choice.get().home();
            if (choice.get().tested()) {
                end("java", Verdict.OK, "", seen, "");
            } else {
                end(
                        "java",
                        Verdict.WARNING,
                        "JAVA_UNTESTED",
                        seen + ", untested: " + JavaSupport.remedy(Defaults.SPARK),
                        ANOTHER_JAVA);
            }
        } catch (LaunchException e) {
            end("java", Verdict.WARNING, "JAVA_UNFIT", String.valueOf(e.getMessage()), ANOTHER_JAVA);
        }
    }

    private void engine() throws InterruptedException {
        begin("engine");
        ServerRuntime docker = runtimes.get("docker");
        if (docker == null) {
            end("engine", Verdict.NOTE, "", "this connectctl has no container runtime", "");
            return;
        }
        try {
            end("engine", Verdict.OK, "", docker.condition(), "");
        } catch (RuntimeUnavailableException e) {
            end(
                    "engine",
                    Verdict.NOTE,
                    "ENGINE_UNREACHABLE",
                    String.valueOf(e.getMessage()),
                    "servers run as processes; for containers start Docker or Podman, set DOCKER_HOST, or join the group docker");
        }
    }

    private void folders() {
        begin("folders");
        List<String> bad = new ArrayList<>();
        List<String> open = new ArrayList<>();
        List<String> made = new ArrayList<>();
        Optional<String> unread = Optional.empty();
        for (Map.Entry<String, Path> each : named().entrySet()) {
            Path folder = each.getValue();
            // It is only read: where there is none, everything has its default, and nobody makes it.
            boolean config = each.getKey().equals("config");
            if (!Files.exists(folder, LinkOption.NOFOLLOW_LINKS)) {
                Path above = existing(folder);
                if (!config && !Files.isDirectory(above)) {
                    bad.add(each.getKey() + " folder " + folder + " can't be made: " + above + " is no folder");
                } else if (!config && !Files.isWritable(above)) {
                    bad.add(each.getKey() + " folder " + folder + " can't be made: " + above + " isn't writable");
                }
                continue;
            }
            made.add(folder.toString());
            if (config) {
                if (!Files.isDirectory(folder) || !Files.isReadable(folder) || !Files.isExecutable(folder)) {
                    unread = Optional.of("config folder " + folder + " isn't a folder that this user may read");
                }
            } else if (!Files.isDirectory(folder) || !Files.isWritable(folder)) {
                bad.add(each.getKey() + " folder " + folder + " isn't a folder that this user may write to");
            } else if ((each.getKey().equals("state") || each.getKey().equals("run")) && foreign(folder)) {
                bad.add(each.getKey() + " folder " + folder
                        + " belongs to another user, and no daemon of this one takes it");
            } else if ((each.getKey().equals("state") || each.getKey().equals("run")) && others(folder)) {
                open.add(folder.toString());
            }
        }
        if (!bad.isEmpty()) {
            end(
                    "folders",
                    Verdict.FAILED,
                    "FOLDER_UNWRITABLE",
                    String.join("; ", bad),
                    "mend the owner and mode, or name others: CONNECTCTL_STATE_DIR, CONNECTCTL_RUN_DIR, CONNECTCTL_CACHE_DIR");
        } else if (unread.isPresent()) {
            end(
                    "folders",
                    Verdict.FAILED,
                    "FOLDER_UNREADABLE",
                    unread.get(),
                    "mend its owner and mode, or name another: CONNECTCTL_CONFIG_DIR");
        } else if (!open.isEmpty()) {
            end(
                    "folders",
                    Verdict.WARNING,
                    "FOLDER_OPEN",
                    "other users may look into " + String.join(", ", open),
                    "chmod 700 " + String.join(" ", open) + " (the daemon does it at its next start)");
        } else {
            end("folders", Verdict.OK, "", made.isEmpty() ? "none is made yet" : String.join(", ", made), "");
        }
    }

    private Map<String, Path> named() {
        Map<String, Path> named = new TreeMap<>();
        named.put("config", folders.config());
        named.put("state", folders.state());
        named.put("run", folders.run());
        named.put("cache", folders.cache());
        return named;
    }

    private static boolean foreign(Path folder) {
        try {
            return !Files.getAttribute(folder, "unix:uid")
                    .equals(Files.getAttribute(Path.of("/proc/self"), "unix:uid"));
        } catch (IOException e) {
            return false;
        }
    }

    private static boolean others(Path folder) {
        try {
            return Files.getPosixFilePermissions(folder).stream().anyMatch(OTHERS::contains);
        } catch (IOException e) {
            return true;
        }
    }

    private static Path existing(Path folder) {
        Path at = folder;
        while (!Files.exists(at) && at.getParent() != null) {
            at = at.getParent();
        }
        return at;
    }

    private void disk() {
        begin("disk");
        List<String> seen = new ArrayList<>();
        long least = Long.MAX_VALUE;
        for (Map.Entry<String, Path> each : named().entrySet()) {
            if (each.getKey().equals("config") || each.getKey().equals("run")) {
                continue;
            }
            try {
                FileStore store = Files.getFileStore(existing(each.getValue()));
                long free = store.getUsableSpace();
                least = Math.min(least, free);
                seen.add(gib(free) + " free for " + each.getKey() + " (" + store.name() + ")");
            } catch (IOException e) {
                seen.add(each.getKey() + " can't be asked: " + e.getMessage());
            }
        }
        String all = String.join(", ", seen);
        if (least < NO_DISK) {
            end(
                    "disk",
                    Verdict.FAILED,
                    "DISK_FULL",
                    all,
                    "make room: connectctl cache prune, connectctl gc, docker image prune");
        } else if (least < LOW_DISK) {
            end(
                    "disk",
                    Verdict.WARNING,
                    "DISK_LOW",
                    all,
                    "a Spark runtime takes 400 MiB, an image 1 GiB: connectctl cache prune");
        } else {
            end("disk", Verdict.OK, "", all, "");
        }
    }

    private void ports() {
        begin("ports");
        ServerRuntime processes = runtimes.get("process");
        List<String> held = new ArrayList<>();
        List<String> free = new ArrayList<>();
        for (PortChoice choice : List.of(Defaults.PORT, Defaults.UI_PORT)) {
            if (choice instanceof PortChoice.Fixed fixed) {
                Optional<String> holder = processes == null ? Optional.empty() : processes.portHolder(fixed.port());
                holder.ifPresentOrElse(
                        who -> held.add(fixed.port() + " is held by " + who),
                        () -> free.add(Integer.toString(fixed.port())));
            }
        }
        if (held.isEmpty()) {
            end("ports", Verdict.OK, "", String.join(" and ", free) + " are free", "");
        } else {
            end(
                    "ports",
                    Verdict.NOTE,
                    "",
                    String.join(", ", held),
                    "if that is no server of connectctl, declare another port, or port: auto");
        }
    }

    private void memory() {
        begin("memory");
        long total = 0;
        long available = 0;
        try {
            Matcher lines = MEMORY.matcher(Files.readString(memory));
            while (lines.find()) {
                long bytes = Long.parseLong(lines.group(2)) << 10;
                if (lines.group(1).equals("MemTotal")) {
                    total = bytes;
                } else {
                    available = bytes;
                }
            }
        } catch (IOException e) {
            end("memory", Verdict.NOTE, "", memory + " can't be read: " + e.getMessage(), "");
            return;
        }
        // A JVM needs about half as much again beside its heap at this size.
        long wanted = Defaults.DRIVER_MEMORY.bytes() * 3 / 2;
        String seen = gib(available) + " of " + gib(total) + " are available";
        if (available < wanted) {
            end(
                    "memory",
                    Verdict.WARNING,
                    "MEMORY_LOW",
                    seen + "; a server with the default driverMemory needs about " + gib(wanted),
                    "stop something, or declare a smaller driverMemory (at least 512m)");
        } else {
            end("memory", Verdict.OK, "", seen, "");
        }
    }

    private void cache() {
        begin("cache");
        List<CacheEntry> entries = new ArrayList<>();
        List<String> broken = new ArrayList<>();
        for (ServerRuntime runtime : runtimes.values()) {
            Optional<Cache> cache = runtime.cache();
            if (cache.isPresent()) {
                try {
                    entries.addAll(cache.get().entries());
                } catch (IOException e) {
                    broken.add("the cache of runtime " + runtime.name() + " can't be read: " + e.getMessage());
                }
            }
        }
        List<String> without = new ArrayList<>();
        int jars = 0;
        for (CacheEntry entry : entries) {
            boolean spark = entry.kind() == CacheEntry.Kind.SPARK;
            if (!spark && entry.kind() != CacheEntry.Kind.PACKAGES) {
                continue;
            }
            boolean mllib = false;
            try (DirectoryStream<Path> files =
                    Files.newDirectoryStream(entry.path().resolve("jars"), "*.jar")) {
                for (Path jar : files) {
                    jars++;
                    mllib |= jar.getFileName().toString().startsWith("spark-mllib_");
                    damage(jar).ifPresent(broken::add);
                }
                if (spark && !mllib) {
                    without.add(entry.name());
                }
            } catch (IOException e) {
                broken.add(entry.path() + " can't be read: " + e.getMessage());
            }
        }
        if (broken.isEmpty()) {
            end("cache", Verdict.OK, "", jars == 0 ? "it holds no Spark yet" : jars + " jars, all whole", "");
        } else {
            end(
                    "cache",
                    Verdict.FAILED,
                    "CACHE_DAMAGED",
                    String.join("; ", broken.subList(0, Math.min(3, broken.size())))
                            + (broken.size() > 3 ? " and " + (broken.size() - 3) + " more" : ""),
                    "stop its servers, then fetch it anew: connectctl cache prune --all, connectctl start");
        }
        begin("mllib");
        if (without.isEmpty()) {
            end("mllib", Verdict.OK, "", "no cached Spark lacks spark-mllib", "");
        } else {
            end(
                    "mllib",
                    Verdict.WARNING,
                    "MLLIB_MISSING",
                    "Spark " + String.join(", ", without)
                            + " came without spark-mllib, which isn't published for it:"
                            + " its sessions can't be closed and never expire",
                    "run a version that is complete, such as " + Defaults.SPARK + ", or declare a sparkHome");
        }
    }

    /** What servers with {@code master: yarn} would be started with from here. */
    private void cluster() {
        begin("cluster");
        Optional<String> named = Stream.of("HADOOP_CONF_DIR", "YARN_CONF_DIR")
                .map(variable -> environment.getOrDefault(variable, ""))
                .filter(folder -> !folder.isEmpty())
                .findFirst();
        if (named.isEmpty()) {
            end(
                    "cluster",
                    Verdict.NOTE,
                    "",
                    "HADOOP_CONF_DIR isn't set: servers with the master yarn must declare hadoopConf",
                    "");
            return;
        }
        try {
            Path folder = Path.of(named.get());
            HadoopConf conf = HadoopConf.of(folder, Map.of());
            if (conf.managers().isEmpty()) {
                end(
                        "cluster",
                        Verdict.WARNING,
                        "HADOOP_CONF_UNFIT",
                        folder + " names no ResourceManager: "
                                + conf.unknownVariable()
                                        .map(name -> "its address needs the variable " + name
                                                + ", which a server must have in its own env")
                                        .orElse(HadoopConf.YARN_SITE + " isn't there, or doesn't say"),
                        "set HADOOP_CONF_DIR to the folder with the cluster's " + HadoopConf.YARN_SITE
                                + " (often /etc/hadoop/conf), or declare hadoopConf");
                return;
            }
            YarnRoom room = new ResourceManager(conf.managers(), System.getProperty("user.name")).room();
            boolean idle = room.nodes() == 0;
            end(
                    "cluster",
                    idle ? Verdict.WARNING : Verdict.OK,
                    idle ? "NODES_DOWN" : "",
                    "YARN at " + conf.managers().get(0) + " answers: " + room.text(),
                    idle ? "start its NodeManagers, or see the ResourceManager's page for why they don't work" : "");
        } catch (IOException | InvalidPathException e) {
            end(
                    "cluster",
                    Verdict.WARNING,
                    "YARN_UNREACHABLE",
                    "HADOOP_CONF_DIR is " + named.get() + ", and YARN can't be asked: " + e.getMessage(),
                    "start the ResourceManager, or set HADOOP_CONF_DIR to the folder that has its address");
        }
    }

    /** A jar is a zip: its directory stands at the end, so one that was cut off can't be opened. */
    private static Optional<String> damage(Path jar) {
        try (ZipFile zip = new ZipFile(jar.toFile())) {
            return zip.size() > 0 ? Optional.empty() : Optional.of(jar + " is empty");
        } catch (IOException e) {
            return Optional.of(jar + " is damaged: " + e.getMessage());
        }
    }

    private static String gib(long bytes) {
        long tenths = Math.round(bytes * 10.0 / (1L << 30));
        return tenths / 10 + "." + tenths % 10 + " GiB";
    }

    private void begin(String name) {
        began = System.nanoTime();
        listener.begins(name);
    }

    private void end(String name, Verdict verdict, String code, String detail, String remedy) {
        listener.ended(new Check(name, verdict, code, detail, remedy, Duration.ofNanos(System.nanoTime() - began)));
    }
}
