package io.connectctl.compose.spec.lint;

import io.connectctl.compose.spec.Findings;
import io.connectctl.compose.spec.Nearest;
import io.connectctl.compose.spec.Problem.Severity;
import io.connectctl.compose.spec.Rule;
import io.connectctl.compose.spec.Texts;
import java.time.DateTimeException;
import java.time.ZoneId;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** Values that aren't of their key's type or range, and bare numbers that mean something else than they look. */
final class Values implements Check {
    /** Words that Spark compares by itself, without a type that the catalogue could hold. */
    private static final Map<String, List<String>> WORDS = Map.of(
            "spark.scheduler.mode", List.of("FIFO", "FAIR", "NONE"),
            "spark.submit.deployMode", List.of("client"),
            "spark.log.level", List.of("ALL", "DEBUG", "ERROR", "FATAL", "INFO", "OFF", "TRACE", "WARN"));

    private static final String ZONE = "spark.sql.session.timeZone";
    private static final long MOST_MIB = 1L << 20;

    @Override
    public void check(Subject server, Findings findings) {
        Optional<SparkKeys> keys = SparkKeys.of(server.spec().spark());
        server.conf().forEach((key, value) -> {
            if (WORDS.containsKey(key)) {
                words(key, value, WORDS.getOrDefault(key, List.of()), findings);
            } else if (key.equals(ZONE)) {
                zone(value, findings);
            } else {
                keys.flatMap(known -> known.find(key)).ifPresent(found -> ValueType.of(found.type())
                        .ifPresent(type -> one(found, type, value, findings)));
            }
        });
    }

    private static void words(String key, String value, List<String> words, Findings findings) {
        // What the deploy mode may not be is the reader's affair.
        if (words.stream().noneMatch(value.strip()::equalsIgnoreCase)
                && !value.strip().equals("cluster")) {
            wrong(key, value, "one of " + String.join(", ", words), Nearest.of(value, words), Severity.ERROR, findings);
        }
    }

    private static void zone(String value, Findings findings) {
        try {
            // As Spark's own getZoneId reads it.
            ZoneId.of(
                    value.strip()
                            .replaceFirst("^(GMT|UTC|UT)?([+-])(\\d):", "$1$20$3:")
                            .replaceFirst("([+-])(\\d\\d):(\\d)$", "$1$2:0$3"),
                    ZoneId.SHORT_IDS);
        } catch (DateTimeException e) {
            wrong(
                    ZONE,
                    value,
                    "a time zone such as UTC, +02:00 or Europe/Berlin",
                    Nearest.of(
                            value,
                            ZoneId.getAvailableZoneIds().stream().sorted().toList(),
                            2),
                    Severity.ERROR,
                    findings);
        }
    }

    private static void one(SparkKeys.Key key, ValueType type, String value, Findings findings) {
        if (!type.accepts(value)) {
            wrong(key.name(), value, type.expected(), type.suggestion(value), severity(key), findings);
        } else if (!type.isWithin(value)) {
            findings.of(Rule.VALUE_RANGE)
                    .value(
                            severity(key),
                            Subject.pointer(key.name()),
                            "'" + Texts.shown(value) + "' is out of range",
                            Optional.empty(),
                            "write " + type.expected());
        } else if (type.name().equals("bytes") && value.strip().matches("[1-9]\\d*")) {
            bareSize(key, type, Long.parseLong(value.strip()), findings);
        }
    }

    /** An error where Spark, or every session of it, ends; elsewhere the value may never be read. */
    private static Severity severity(SparkKeys.Key key) {
        return key.kind() == SparkKeys.Kind.SESSION || SparkKeys.isReadAtStart(key.name())
                ? Severity.ERROR
                : Severity.WARNING;
    }

    private static void wrong(
            String key, String value, String expected, Optional<String> meant, Severity severity, Findings findings) {
        boolean secret = io.connectctl.compose.spec.Secrets.isSecret(key, value);
        findings.of(Rule.VALUE_TYPE)
                .value(
                        severity,
                        Subject.pointer(key),
                        (secret ? "the value" : "'" + Texts.shown(value) + "'") + " isn't what Spark reads here",
                        meant,
                        "write " + expected);
    }

    /** Nobody means 128 bytes, or a million GiB. */
    private static void bareSize(SparkKeys.Key key, ValueType type, long number, Findings findings) {
        boolean tiny = type.argument().equals("b")
                && number < 1024
                && ValueType.bytes(key.defaultValue(), "b").orElse(0L) >= MOST_MIB;
        boolean huge = type.argument().equals("m") && number >= MOST_MIB;
        if (tiny || huge) {
            findings.of(Rule.VALUE_UNIT)
                    .value(
                            Severity.WARNING,
                            Subject.pointer(key.name()),
                            number + " without a unit counts " + type.unit() + " here",
                            Optional.of(tiny ? number + "m" : (number >> 20) + "m"),
                            "write the unit");
        }
    }
}
