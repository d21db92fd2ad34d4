package io.connectctl.compose.runtime.testing;

import io.connectctl.compose.render.LaunchPlan;
import io.connectctl.compose.render.LaunchTicket;
import io.connectctl.compose.render.RenderedFile;
import io.connectctl.compose.render.Rendering;
import io.connectctl.compose.render.Site;
import io.connectctl.compose.runtime.ServerRuntime;
import io.connectctl.compose.spec.Auth;
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
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.TreeMap;

/** Plans whose server is a tiny shell program. */
public final class Plans {
    private Plans() {}

    /** A server of this name and port choice, otherwise plain. */
    public static ServerSpec spec(String name, PortChoice port) {
        return spec(name, port, "4.0.1");
    }

    /** The same with another Spark. */
    public static ServerSpec spec(String name, PortChoice port, String spark) {
        return spec(name, port, spark, new PortChoice.Off());
    }

    /** The same with a UI. */
    public static ServerSpec spec(String name, PortChoice port, String spark, PortChoice ui) {
        return new ServerSpec(
                new ServerName(name),
                "process",
                SparkVersion.parse(spark),
                "local[1]",
                port,
                ui,
                MemorySize.parse("1g"),
                Optional.empty(),
                Optional.empty(),
                List.of(),
                new TreeMap<>(),
                new TreeMap<>(),
                new HealthSpec(
                        Readiness.SESSION, Duration.ofSeconds(10), Duration.ofSeconds(5), Duration.ofMinutes(3), 3, 1),
                new RestartSpec(true, Duration.ofSeconds(1), Duration.ofMinutes(5), 10, Duration.ofMinutes(10)),
                new StopSpec(Duration.ofSeconds(20), Duration.ZERO),
                Auth.NONE,
                Expose.LOOPBACK,
                "default",
                Optional.empty());
    }

    /** A plan that runs this shell program. */
    public static LaunchPlan shell(ServerRuntime runtime, ServerSpec spec, int incarnation, String program) {
        Site site = runtime.plannedSite(spec);
        return new LaunchPlan(
                spec,
                site,
                new LaunchTicket(
                        incarnation,
                        spec.name() + "/" + incarnation + "/0a1b2c3d",
                        Optional.empty(),
                        OptionalInt.empty()),
                new Rendering(
                        List.of(
                                new RenderedFile("entrypoint.sh", "#!/bin/sh\n", true),
                                new RenderedFile("spark-defaults.conf", "secret value\n", false)),
                        "f"),
                List.of("/bin/sh", "-c", program),
                Map.of("SECRET", "planted"));
    }
}
