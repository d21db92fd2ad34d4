package io.connectctl.manager.cli;

import io.connectctl.compose.render.ComposeProject;
import io.connectctl.compose.render.RenderException;
import io.connectctl.compose.render.RenderedFile;
import io.connectctl.compose.render.SparkPlace;
import io.connectctl.compose.render.TrialCluster;
import io.connectctl.compose.spec.Auth;
import io.connectctl.compose.spec.Declaration;
import io.connectctl.compose.spec.DriverNetwork;
import io.connectctl.compose.spec.Exposures;
import io.connectctl.compose.spec.MasterUrl;
import io.connectctl.compose.spec.ServerName;
import io.connectctl.compose.spec.ServerSpec;
import io.connectctl.compose.spec.SpecReader;
import io.connectctl.manager.client.DaemonUnreachableException;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.SecureRandom;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code connectctl export compose}. */
@Command(
        name = "compose",
        description = {
            "Write servers as a project of docker compose: docker-compose.yml, and a folder of files for each server.",
            "They come from connectctl.yaml; without one, it is one server of defaults called connect. Needs no daemon and no engine.",
            "The containers have the same hardening, ports, volumes and health check as connectctl's own. docker-compose.yml holds no secret;"
                    + " the servers' files may, so only their owner can read them. With auth: token, the token lies in NAME/token.",
            "connectctl adopt takes over what docker compose up started: connectctl adopt \"$(docker compose ps -q connect)\".",
            "With a cluster, Spark's own standalone master and a worker run beside the servers, or YARN with one NodeManager, and their executors on"
                    + " those: to try on one machine what later runs on many. YARN needs an image of connectctl image build --yarn."
        },
        footerHeading = "%nExamples:%n",
        footer = {
            "  connectctl export compose && docker compose up --wait",
            "  connectctl export compose sales marketing --output deploy",
            "  connectctl export compose --with-cluster standalone && docker compose up --wait",
            "  connectctl export compose --with-cluster yarn --image connectctl/spark:3.5.0-yarn",
            "  docker compose ps connect; docker compose restart connect"
        })
final class ExportComposeCommand extends CliCommand {
    private static final String LOOK_MAIN = "io.connectctl.manager.daemon.LayoutMain";

    private static final Duration LONGEST_LOOK = Duration.ofSeconds(20);

    private static final int TOKEN_BYTES = 32;
    private static final String TOKEN = "token";

    @Parameters(
            arity = "0..*",
            paramLabel = "NAME",
            description = "Servers of connectctl.yaml; all of them unless said.")
    List<String> names = new ArrayList<>();

    @Mixin
    final FileOption fileOption = new FileOption();

    @Option(
            names = {"-o", "--output"},
            paramLabel = "DIR",
            description = "Where to write; the current folder unless said.")
    @Nullable
    Path output;

    @Option(names = "--force", description = "Overwrite what was exported before, or written by somebody.")
    boolean force;

    @Option(
            names = "--image",
            paramLabel = "IMAGE",
            description = "The containers' image; what is declared, else apache/spark:VERSION unless said.")
    @Nullable
    String image;

    @Option(
            names = "--with-cluster",
            paramLabel = "KIND",
            description = "Bring a cluster along for the servers' executors: standalone, or yarn.")
    @Nullable
    String withCluster;

    ExportComposeCommand(CliContext context) {
        super(context);
    }

    @Override
    ExitCode execute() throws IOException, InterruptedException {
        Optional<TrialCluster> cluster = cluster();
        List<ServerSpec> specs = specs(cluster);
        Map<ServerName, SparkPlace> places = places(specs);
        ComposeProject.Files files;
        try {
            files = new ComposeProject(
                            Optional.of(context.folders().config().resolve("templates")),
                            spec -> Objects.requireNonNull(places.get(spec.name())))
                    .render(specs, cluster);
        } catch (RenderException e) {
            throw new CliFailure(
                    ExitCode.INVALID, String.valueOf(e.getMessage()), "correct the template, or leave it out");
        }
        Path folder = output == null
                ? context.workingFolder()
                : context.workingFolder().resolve(output).normalize();
        refuseToOverwrite(folder, files);
        Files.createDirectories(folder);
        for (Map.Entry<String, List<RenderedFile>> server : files.servers().entrySet()) {
            Path own = folder.resolve(server.getKey());
            empty(own);
            for (RenderedFile file : server.getValue()) {
                write(own.resolve(file.name()), file.text(), file.executable() ? "rwx------" : "rw-------");
            }
        }
        if (!files.cluster().isEmpty()) {
            // For whoever the cluster's processes are in their containers.
            Path own = folder.resolve(ComposeProject.CLUSTER_FOLDER);
            Files.createDirectories(own);
            Files.setPosixFilePermissions(own, PosixFilePermissions.fromString("rwxr-xr-x"));
            for (RenderedFile file : files.cluster()) {
                write(own.resolve(file.name()), file.text(), "rw-r--r--");
            }
        }
        for (ServerSpec spec : specs) {
            token(folder.resolve(spec.name().value()), spec);
        }
        Path composeFile = folder.resolve(ComposeProject.FILE);
        write(composeFile, files.composeFile(), "rw-r--r--");
        out().println(composeFile);
        for (ServerSpec spec : specs) {
            Exposures.ofExported(spec).forEach(exposure -> warn(spec.name() + ": EXPOSED: " + exposure));
        }
        say("start: docker compose -f " + composeFile + " up --wait");
        say("only you can read the files of "
                + String.join(", ", files.servers().keySet())
                + ": they may hold secrets; docker-compose.yml holds none");
        return ExitCode.OK;
    }

    private Optional<TrialCluster> cluster() throws CliFailure {
        String kind = withCluster;
        if (kind == null) {
            return Optional.empty();
        }
        Optional<TrialCluster> cluster = TrialCluster.of(kind);
        if (cluster.isEmpty()) {
            throw CliFailure.usage(
                    "--with-cluster '" + kind + "' is no kind of cluster that can be brought along",
                    "write --with-cluster standalone, or yarn");
        }
        return cluster;
    }

    private List<ServerSpec> specs(Optional<TrialCluster> cluster) throws IOException {
        Project project = Project.find(context, fileOption.file);
        warn(project.warnings());
        List<String> wanted = names.isEmpty()
                ? project.file()
                        .map(file -> file.servers().keySet().stream()
                                .map(ServerName::value)
                                .toList())
                        .filter(all -> !all.isEmpty())
                        .orElseGet(List::of)
                : names;
        List<ServerSpec> specs = new ArrayList<>();
        for (String name : wanted.isEmpty() ? List.of(onlyOne(project)) : wanted) {
            specs.add(spec(project, name, cluster));
        }
        if (cluster.isPresent()) {
            checkTogether(specs, cluster.get());
        }
        return specs;
    }

    /** Where no file declares any: the only one that was started, else the one that would be. */
    private String onlyOne(Project project) throws IOException {
        try {
            return project.serverName(null, looking());
        } catch (DaemonUnreachableException e) {
            return Project.DEFAULT_NAME;
        }
    }

    /** One cluster serves them all: Spark's master and workers understand drivers of their own version alone. */
    private static void checkTogether(List<ServerSpec> specs, TrialCluster cluster) throws CliFailure {
        List<String> versions =
                specs.stream().map(spec -> spec.spark().text()).distinct().toList();
        if (versions.size() > 1) {
            throw new CliFailure(
                    ExitCode.INVALID,
                    "a cluster serves servers of one Spark version, and these are of " + String.join(", ", versions),
                    "name servers of one version: connectctl export compose --with-cluster " + cluster.text()
                            + " NAME...");
        }
        for (ServerSpec spec : specs) {
            if (cluster.services().contains(spec.name().value())
                    || spec.name().value().equals(ComposeProject.CLUSTER_FOLDER)) {
                throw new CliFailure(
                        ExitCode.INVALID,
                        "'" + spec.name() + "' is a name that the cluster needs itself",
                        "call the server otherwise, or leave out --with-cluster");
            }
        }
    }

    /** What makes a server one of the cluster: its master, the name by which executors find it, and few executors. */
    private Declaration onCluster(String name, Declaration declaration, TrialCluster cluster) throws IOException {
        String master = declaration.tree().path("master").asText("");
        if (!master.isEmpty() && !master.startsWith("local")) {
            throw new CliFailure(
                    ExitCode.INVALID,
                    "'" + name + "' has a cluster, " + master + ", and --with-cluster would bring another one",
                    "leave out --with-cluster, or the server's master");
        }
        DeclarationOptions flags = new DeclarationOptions();
        flags.master = cluster.master();
        flags.driverHost = name;
        if (!declaration.tree().has("executors")) {
            flags.executors = "1";
        }
        if (cluster == TrialCluster.YARN) {
            flags.hadoopConf = TrialCluster.HADOOP_CONF.toString();
            // The same image everywhere, so the jars are there already; what else a start needs goes through the
            // volume.
            flags.conf.add("spark.yarn.jars=local:/opt/spark/jars/*");
            flags.conf.add("spark.yarn.stagingDir=file:///var/lib/connectctl/staging");
        }
        return declaration.patchedBy(flags.declaration(context));
    }

    private ServerSpec spec(Project project, String name, Optional<TrialCluster> cluster) throws IOException {
        ServerName server;
        try {
            server = new ServerName(name);
        } catch (IllegalArgumentException e) {
            throw new CliFailure(ExitCode.INVALID, String.valueOf(e.getMessage()), "");
        }
        Optional<Declaration> declared = project.file()
                .flatMap(file -> Optional.ofNullable(file.servers().get(server)));
        Optional<Declaration> known = declared.isPresent() ? declared : Stored.of(looking(), context, name, true);
        if (known.isEmpty() && !name.equals(Project.DEFAULT_NAME)) {
            throw new CliFailure(
                    ExitCode.NO_SUCH_SERVER,
                    "'" + name + "' isn't declared"
                            + project.file().map(file -> " in " + file.path()).orElse(": there is no connectctl.yaml")
                            + ", and no such server was started",
                    "declare it there, or name the file: -f FILE");
        }
        Declaration declaration = known.orElse(Declaration.empty());
        if (image != null) {
            DeclarationOptions flags = new DeclarationOptions();
            flags.image = image;
            declaration = declaration.patchedBy(flags.declaration(context));
        }
        if (cluster.isPresent()) {
            declaration = onCluster(name, declaration, cluster.get());
        }
        declaration = DeclarationOptions.withCallersHadoop(context, declaration);
        // The folder of the Hadoop configuration that is brought along is there in the containers alone.
        SpecReader.Reading reading = cluster.filter(TrialCluster.YARN::equals).isPresent()
                ? SpecReader.readAccepted(server, declaration)
                : SpecReader.read(server, declaration);
        Problems.refuseErrors(reading.problems(), "the declaration of '" + name + "' isn't valid");
        warn(reading.problems());
        ServerSpec spec = reading.spec()
                .orElseThrow(
                        () -> new CliFailure(ExitCode.FAILURE, "'" + name + "' has neither a spec nor a problem", ""));
        DriverNetwork driver = spec.cluster().driver();
        boolean reachable = driver.host().isPresent()
                && driver.port().isPresent()
                && driver.blockManagerPort().isPresent();
        if (MasterUrl.isCluster(spec.master()) && cluster.isEmpty() && !reachable) {
            throw new CliFailure(
                    ExitCode.INVALID,
                    "the executors of '" + name + "' on " + spec.master()
                            + " must reach its driver in a container, and compose can publish only ports that are declared",
                    "declare driver: {host: ADDRESS, port: 7078, blockManagerPort: 7079}, with this machine's address for the"
                            + " cluster's machines");
        }
        if (spec.sparkHome().isPresent() || spec.javaHome().isPresent()) {
            throw new CliFailure(
                    ExitCode.INVALID,
                    "'" + name
                            + "' declares sparkHome or javaHome, folders of this machine that a container doesn't see",
                    "leave them out, and name an image that has them (image:)");
        }
        return spec;
    }

    /** The containers start where no connectctl is, so that their entrypoint has to know its image's layout beforehand. */
    private Map<ServerName, SparkPlace> places(List<ServerSpec> specs) throws IOException, InterruptedException {
        Set<String> images = new TreeSet<>();
        specs.forEach(spec -> images.add(image(spec)));
        images.removeIf(SparkPlace::telling);
        Map<String, SparkPlace> seen = images.isEmpty() ? Map.of() : looked(images);
        for (String unseen : images) {
            if (!seen.containsKey(unseen)) {
                warn("image " + unseen
                        + " isn't here to be looked at, and is taken for one like apache/spark's, with Spark in"
                        + " /opt/spark; if connectctl made it, export again where it is");
            }
        }
        Map<ServerName, SparkPlace> places = new HashMap<>();
        for (ServerSpec spec : specs) {
            String image = image(spec);
            places.put(spec.name(), Optional.ofNullable(seen.get(image)).orElseGet(() -> SparkPlace.guess(image)));
        }
        return places;
    }

    private static String image(ServerSpec spec) {
        return spec.container().imageFor(spec.spark());
    }

    private Map<String, SparkPlace> looked(Set<String> images) throws IOException, InterruptedException {
        Process process = new ProcessBuilder(
                        context.tool().shortLived("128m", List.of(), LOOK_MAIN, List.copyOf(images)))
                .redirectError(ProcessBuilder.Redirect.DISCARD)
                .start();
        Interrupts.Watch watch = context.interrupts().onSignal(process::destroyForcibly);
        try {
            // An engine that hangs costs a guess, and no command that never ends.
            if (!process.waitFor(LONGEST_LOOK.toMillis(), TimeUnit.MILLISECONDS)) {
                return Map.of();
            }
            Map<String, SparkPlace> places = new HashMap<>();
            for (String line : new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8)
                    .lines()
                    .toList()) {
                String[] words = line.split("\t", -1);
                if (words.length == 3) {
                    places.put(words[0], new SparkPlace(path(words[1]), path(words[2])));
                }
            }
            return places;
        } finally {
            watch.over();
            process.destroyForcibly();
        }
    }

    private static Optional<Path> path(String text) {
        return text.isEmpty() ? Optional.empty() : Optional.of(Path.of(text));
    }

    private void refuseToOverwrite(Path folder, ComposeProject.Files files) throws CliFailure {
        List<Path> taken = new ArrayList<>();
        taken.add(folder.resolve(ComposeProject.FILE));
        files.servers().keySet().forEach(name -> taken.add(folder.resolve(name)));
        if (!files.cluster().isEmpty()) {
            taken.add(folder.resolve(ComposeProject.CLUSTER_FOLDER));
        }
        taken.removeIf(path -> !Files.exists(path));
        if (!taken.isEmpty() && !force) {
            throw new CliFailure(
                    ExitCode.CONFLICT,
                    "already there: "
                            + String.join(
                                    ", ", taken.stream().map(Path::toString).toList()),
                    "overwrite with --force, or write elsewhere: --output DIR");
        }
    }

    /** Makes the folder, or takes the files out of one that was exported before; a folder of anything else stays. */
    private static void empty(Path folder) throws IOException {
        if (!Files.exists(folder)) {
            Files.createDirectory(
                    folder, PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------")));
            return;
        }
        if (!Files.isRegularFile(folder.resolve("spark-defaults.conf"))) {
            throw new CliFailure(
                    ExitCode.CONFLICT,
                    folder + " is there and holds no exported server",
                    "move it away, or write elsewhere: --output DIR");
        }
        try (var files = Files.list(folder)) {
            for (Path file : files.toList()) {
                // Clients know the token: it stays.
                if (Files.isRegularFile(file) && !file.endsWith(TOKEN)) {
                    Files.delete(file);
                }
            }
        }
    }

    private static void token(Path folder, ServerSpec spec) throws IOException {
        Path file = folder.resolve(TOKEN);
        if (spec.auth() != Auth.TOKEN) {
            Files.deleteIfExists(file);
        } else if (!Files.exists(file)) {
            byte[] random = new byte[TOKEN_BYTES];
            new SecureRandom().nextBytes(random);
            write(file, HexFormat.of().formatHex(random) + "\n", "rw-------");
        }
    }

    /** With its mode from the beginning, and whole or not at all. */
    private static void write(Path file, String text, String mode) throws IOException {
        Path fresh = file.resolveSibling("." + file.getFileName() + ".new");
        Files.deleteIfExists(fresh);
        Files.createFile(fresh, PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")));
        Files.writeString(fresh, text);
        Files.setPosixFilePermissions(fresh, PosixFilePermissions.fromString(mode));
        Files.move(fresh, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
    }
}
