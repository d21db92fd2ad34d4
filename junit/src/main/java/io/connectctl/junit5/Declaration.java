package io.connectctl.junit5;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.extension.ExtensionConfigurationException;

/**
 * What an annotation asks for. Two that ask for the same are equal, so that they can share a server.
 *
 * @param options those of {@code connectctl lease}, without the time to live
 * @param ttl how long the lease lives after each renewal
 * @param reuse who shares the server
 */
record Declaration(List<String> options, Duration ttl, Reuse reuse) {
    private static final Pattern TIME = Pattern.compile("([1-9]\\d{0,8})(ms|s|m|h)");

    /** That of an annotation that says nothing. */
    static final Declaration BARE = of(Bare.class.getAnnotation(ConnectServer.class));

    Declaration {
        options = List.copyOf(options);
    }

    /** Reads an annotation. */
    static Declaration of(ConnectServer annotation) {
        List<String> options = new ArrayList<>();
        add(options, "--spark", annotation.spark());
        add(options, "--master", annotation.master());
        add(options, "--driver-memory", annotation.driverMemory());
        for (String setting : annotation.conf()) {
            options.addAll(List.of("--conf", setting));
        }
        for (String coordinates : annotation.packages()) {
            options.addAll(List.of("--packages", coordinates));
        }
        add(options, "--runtime", annotation.runtime());
        add(options, "--from", annotation.from());
        add(options, "--pool", annotation.pool());
        options.addAll(List.of(annotation.options()));
        return new Declaration(options, time(annotation.ttl()), annotation.reuse());
    }

    private static void add(List<String> options, String option, String value) {
        if (!value.isEmpty()) {
            options.addAll(List.of(option, value));
        }
    }

    private static Duration time(String text) {
        Matcher time = TIME.matcher(text);
        if (!time.matches()) {
            throw new ExtensionConfigurationException("@ConnectServer(ttl = \"" + text
                    + "\") is no time: write a whole number above 0 and ms, s, m or h, such as 30m");
        }
        long count = Long.parseLong(time.group(1));
        return switch (time.group(2)) {
            case "ms" -> Duration.ofMillis(count);
            case "s" -> Duration.ofSeconds(count);
            case "m" -> Duration.ofMinutes(count);
            default -> Duration.ofHours(count);
        };
    }

    /** Carries the annotation's own defaults. */
    @ConnectServer
    private static final class Bare {
        private Bare() {}
    }
}
