package io.connectctl.compose.runtime;

import io.connectctl.compose.render.Composer;
import io.connectctl.compose.render.JavaOptions;
import io.connectctl.compose.render.LaunchPlan;
import io.connectctl.compose.render.LaunchTicket;
import io.connectctl.compose.render.RenderException;
import io.connectctl.compose.render.Site;
import io.connectctl.compose.spec.Defaults;
import io.connectctl.compose.spec.MemorySize;
import io.connectctl.compose.spec.PortChoice;
import io.connectctl.compose.spec.ServerName;
import io.connectctl.compose.spec.ServerSpec;
import io.connectctl.compose.spec.SparkVersion;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.TreeMap;
import java.util.stream.Collectors;

/**
 * With what a server is launched that runs only to be recorded: rendered from the built-in templates as any other, so that its
 * JVM has the flags and the class path of those that will use the archive; nothing that a user declared runs, connects or is
 * written anywhere.
 */
public final class TrainingPlan {
    /** What such a server is called. */
    public static final ServerName NAME = new ServerName("class-data-archive");

    /** Enough for a tiny query under every collector (Parallel counts a part of it away, and Spark wants 450 MiB). */
    public static final MemorySize HEAP = MemorySize.parse("768m");

    private static final SecureRandom RANDOM = new SecureRandom();
    private static final int TOKEN_BYTES = 32;

    private TrainingPlan() {}

    /**
     * The plan, without the option that makes the archive: that is for {@link LaunchPlan#with}.
     *
     * @param demands what the archive must be for
     * @param random tells this training from others: the end of its marker
     */
    public static LaunchPlan of(String runtime, SparkVersion spark, Site site, ArchiveDemands demands, String random)
            throws RenderException {
        // It runs the code of whoever reaches it, and every user of this machine reaches its port, or its tunnel's end.
        Optional<String> token = spark.hasToken() ? Optional.of(freshToken()) : Optional.empty();
        LaunchTicket ticket = new LaunchTicket(1, marker(random), token, OptionalInt.of(0));
        return new Composer(Optional.empty()).compose(spec(runtime, spark, site, demands), site, ticket);
    }

    private static String freshToken() {
        byte[] bytes = new byte[TOKEN_BYTES];
        RANDOM.nextBytes(bytes);
        return HexFormat.of().formatHex(bytes);
    }

    /** By what the processes of a training are known. */
    public static String marker(String random) {
        return NAME + "/1/" + random;
    }

    private static ServerSpec spec(String runtime, SparkVersion spark, Site site, ArchiveDemands demands) {
        List<String> options = new ArrayList<>();
        demands.options().forEach(option -> options.add(JavaOptions.join(option)));
        if (demands.wide()) {
            options.add("-XX:-UseCompressedOops");
        }
        TreeMap<String, String> conf = new TreeMap<>();
        if (!options.isEmpty()) {
            conf.put("spark.driver.extraJavaOptions", String.join(" ", options));
        }
        if (!demands.extraClassPath().isEmpty()) {
            conf.put(
                    "spark.driver.extraClassPath",
                    demands.extraClassPath().stream().map(Path::toString).collect(Collectors.joining(":")));
        }
        return new ServerSpec(
                NAME,
                runtime,
                spark,
                "local[2]",
                new PortChoice.Auto(),
                // Also for servers without a UI: its classes cost the others nothing, and one archive serves both.
                new PortChoice.Auto(),
                HEAP,
                site.javaHome(),
                Optional.empty(),
                List.of(),
                conf,
                new TreeMap<>(),
                Defaults.HEALTH,
                Defaults.RESTART,
                Defaults.STOP,
                Defaults.AUTH,
                Defaults.EXPOSE,
                Defaults.PROFILE,
                Optional.empty());
    }
}
