package io.connectctl.compose.render;

import io.connectctl.compose.spec.Auth;
import io.connectctl.compose.spec.ClusterSpec;
import io.connectctl.compose.spec.Defaults;
import io.connectctl.compose.spec.Expose;
import io.connectctl.compose.spec.HealthSpec;
import io.connectctl.compose.spec.MemorySize;
import io.connectctl.compose.spec.PortChoice;
import io.connectctl.compose.spec.Readiness;
import io.connectctl.compose.spec.RestartSpec;
import io.connectctl.compose.spec.ServerName;
import io.connectctl.compose.spec.ServerSpec;
import io.connectctl.compose.spec.SparkVersion;
import io.connectctl.compose.spec.StopSpec;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.function.BiPredicate;

/** Declarations and sites for tests, each a change of a plain one. */
final class Specs {
    /** A judge of secrets that tests can reckon with: keys that hold "password". */
    static final BiPredicate<String, String> SECRET = (key, value) -> key.contains("password");

    String spark = "4.0.1";
    String master = "local[*]";
    PortChoice port = new PortChoice.Fixed(15002);
    PortChoice uiPort = new PortChoice.Fixed(4040);
    List<String> packages = List.of();
    Map<String, String> conf = Map.of();
    Map<String, String> env = Map.of();
    Expose expose = Expose.LOOPBACK;
    String profile = "default";
    Optional<Path> templates = Optional.empty();
    ClusterSpec cluster = ClusterSpec.UNDECLARED;

    ServerSpec spec() {
        return new ServerSpec(
                new ServerName("sales"),
                "process",
                SparkVersion.parse(spark),
                master,
                port,
                uiPort,
                MemorySize.parse("1512m"),
                Optional.empty(),
                Optional.empty(),
                packages,
                new TreeMap<>(conf),
                new TreeMap<>(env),
                new HealthSpec(
                        Readiness.SESSION, Duration.ofSeconds(10), Duration.ofSeconds(5), Duration.ofMinutes(3), 3, 1),
                new RestartSpec(true, Duration.ofSeconds(1), Duration.ofMinutes(5), 10, Duration.ofMinutes(10)),
                new StopSpec(Duration.ofSeconds(20), Duration.ZERO),
                Auth.NONE,
                expose,
                profile,
                templates,
                Defaults.CONTAINER,
                Defaults.ARCHIVE,
                cluster);
    }

    /** A process with a bare folder of jars. */
    static Site bareSite() {
        return site(Path.of("/state/servers/sales"), Path.of("/jdk"));
    }

    /** The same under another folder. */
    static Site site(Path server, Path javaHome) {
        return new Site(
                server.resolve("conf"),
                server.resolve("work"),
                server.resolve("warehouse"),
                javaHome,
                Optional.empty(),
                Optional.of(Path.of("/cache/spark/4.0.1/jars")),
                true);
    }

    /** A process with a Spark distribution. */
    static Site homeSite(Path server, Path sparkHome) {
        return new Site(
                server.resolve("conf"),
                server.resolve("work"),
                server.resolve("warehouse"),
                Path.of("/jdk"),
                Optional.of(sparkHome),
                Optional.empty(),
                true);
    }

    /** A container with a bare folder of jars, or with a distribution. */
    static Site containerSite(boolean bare) {
        return new Site(
                Path.of("/connectctl/conf"),
                Path.of("/state/work"),
                Path.of("/state/warehouse"),
                Optional.empty(),
                bare ? Optional.empty() : Optional.of(Path.of("/opt/spark")),
                bare ? Optional.of(Path.of("/opt/spark/jars")) : Optional.empty(),
                false,
                Optional.empty(),
                Optional.of(Path.of("/connectctl/conf/token")));
    }

    /** A composer without a user's profiles. */
    static Composer composer() {
        return new Composer(Optional.empty(), SECRET);
    }

    /** One file of a rendering. */
    static String text(Rendering rendering, String name) {
        return rendering.files().stream()
                .filter(file -> file.name().equals(name))
                .findFirst()
                .orElseThrow(() -> new AssertionError("no file " + name + " in " + rendering.files()))
                .text();
    }
}
