package io.connectctl.manager.diagnose;

import static org.assertj.core.api.Assertions.assertThat;

import io.connectctl.compose.runtime.ExitStatus;
import io.connectctl.health.ProbeFailure;
import io.connectctl.health.Rung;
import io.connectctl.manager.lifecycle.Cause;
import java.io.IOException;
import java.io.Reader;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Properties;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** Every recorded failure yields its cause. One folder a case: log.txt, and case.properties beside it. */
class CorpusTest {
    /** One recorded end of a server. */
    private record Case(String name, String expect, String fragment, Optional<Boolean> retryable, Evidence evidence) {}

    @Test
    void everyRecordedFailureYieldsItsCauseAndItsDecisiveLine() throws IOException {
        List<Case> cases = cases();
        List<String> wrong = new ArrayList<>();
        int claimed = 0;
        int claimedRightly = 0;
        int known = 0;
        int found = 0;
        for (Case each : cases) {
            Cause cause = Diagnosis.diagnose(each.evidence());
            boolean right = cause.code().equals(each.expect());
            boolean claims = !cause.code().equals(Unknown.CODE);
            boolean expectsMore = !each.expect().equals(Unknown.CODE);
            claimed += claims ? 1 : 0;
            claimedRightly += claims && right ? 1 : 0;
            known += expectsMore ? 1 : 0;
            found += expectsMore && right ? 1 : 0;
            if (!right
                    || cause.evidence().stream().noneMatch(line -> line.contains(each.fragment()))
                    || each.retryable()
                            .filter(expected -> expected != cause.retryable())
                            .isPresent()) {
                wrong.add(each.name() + " expected " + each.expect() + " with '" + each.fragment() + "', got " + cause);
            }
        }
        System.out.printf(
                "diagnosis corpus: %d cases, precision %.3f, recall %.3f%n",
                cases.size(), (double) claimedRightly / claimed, (double) found / known);

        assertThat(wrong).isEmpty();
        assertThat(cases).hasSizeGreaterThanOrEqualTo(60);
    }

    /** Where there is nothing to find: logs of servers that came up, with an end that nothing in them explains. */
    @Test
    void aServerThatCameUpAndEndedForNoReasonToldIsUnknown() throws IOException {
        Set<String> endedFromOutside = Set.of("TERMINATED", "KILLED", "EXITED", Unknown.CODE);
        List<String> wrong = new ArrayList<>();
        int clean = 0;
        for (Case each : cases()) {
            List<String> log = each.evidence().log();
            int ready = 0;
            while (ready < log.size() && !log.get(ready).contains("Spark Connect server started")) {
                ready++;
            }
            if (ready == log.size()) {
                continue;
            }
            List<Evidence> ends = new ArrayList<>();
            ends.add(end(each.evidence(), Evidence.Stage.STARTING, log.subList(0, ready + 1)));
            ends.add(end(each.evidence(), Evidence.Stage.RUNNING, log.subList(0, ready + 1)));
            if (endedFromOutside.contains(each.expect())) {
                ends.add(end(each.evidence(), Evidence.Stage.RUNNING, log));
            }
            for (Evidence end : ends) {
                clean++;
                Cause cause = Diagnosis.diagnose(end);
                if (!cause.code().equals(Unknown.CODE)) {
                    wrong.add(each.name() + ", " + end.stage() + ": " + cause);
                }
            }
        }
        System.out.printf(
                "diagnosis of clean logs: %d ends, precision %.3f%n", clean, (double) (clean - wrong.size()) / clean);

        assertThat(wrong).isEmpty();
        assertThat(clean).isGreaterThanOrEqualTo(20);
    }

    private static Evidence end(Evidence of, Evidence.Stage stage, List<String> log) {
        return new Evidence(
                of.spec(),
                stage,
                Samples.exit(7),
                false,
                log,
                Optional.empty(),
                Optional.empty(),
                of.logFile(),
                List.of());
    }

    @Test
    void aRecordedFailureIsExplainedInFewBoundedLines() throws IOException {
        for (Case each : cases()) {
            Cause cause = Diagnosis.diagnose(each.evidence());

            assertThat(cause.evidence()).as(each.name()).hasSizeBetween(1, 3);
            assertThat(cause.evidence()).as(each.name()).allMatch(line -> line.length() <= 300);
            assertThat(cause.summary()).as(each.name()).isNotBlank().doesNotContain("Optional");
            assertThat(cause.remedy()).as(each.name()).isNotBlank().doesNotContain("Optional");
        }
    }

    @Test
    void everyCodeOfTheRulesIsInTheRunbook() throws IOException {
        String runbook = Files.readString(
                Path.of(System.getProperty("connectctl.root", "..")).resolve("docs/runbook.md"));

        assertThat(Rules.codes()).allMatch(code -> runbook.contains("| `" + code + "` |"));
    }

    /** Written as the first word of what tells a cause: a launch that fails, a lifecycle that gives up, a rule that is sure. */
    @Test
    void everyCodeThatTheSourcesCanProduceIsInTheRunbook() throws IOException {
        Path root = Path.of(System.getProperty("connectctl.root", ".."));
        Pattern code =
                Pattern.compile("\\b(?:LaunchException|Cause|config|fault|finding|refused|refusal|failure)\\(\\s*"
                        + "(?:clues,\\s*|hit,\\s*|incarnation,\\s*)?\"([A-Z]{2,}(?:_[A-Z]+)*)\"");
        TreeSet<String> codes = new TreeSet<>();
        for (String folder : List.of(
                "compose/src/main/java/io/connectctl/compose/runtime",
                "manager/src/main/java/io/connectctl/manager/lifecycle",
                "manager/src/main/java/io/connectctl/manager/supervise",
                "manager/src/main/java/io/connectctl/manager/diagnose")) {
            try (Stream<Path> files = Files.walk(root.resolve(folder))) {
                for (Path file : files.filter(each -> each.toString().endsWith(".java"))
                        .filter(each -> !each.toString().contains("/testing/"))
                        .toList()) {
                    code.matcher(Files.readString(file)).results().forEach(match -> codes.add(match.group(1)));
                }
            }
        }
        String runbook = Files.readString(root.resolve("docs/runbook.md"));

        assertThat(codes)
                .contains(
                        "PORT_TAKEN", "BUDGET_SPENT", "STOP_TIMEOUT", "ZOMBIE", "TOOL_MISSING", "INVALID_DECLARATION");
        assertThat(codes.stream().filter(each -> !runbook.contains("| `" + each + "` |")))
                .as("codes without a row in docs/runbook.md")
                .isEmpty();
    }

    @Test
    void everyRuleOfTheLogHasItsCase() throws IOException {
        TreeSet<String> expected = cases().stream().map(Case::expect).collect(Collectors.toCollection(TreeSet::new));

        assertThat(expected)
                .containsAll(Rules.PROVEN_BY_LOG.stream()
                        .flatMap(rule -> rule.codes().stream())
                        .toList());
    }

    private static List<Case> cases() throws IOException {
        URI root = URI.create(Objects.requireNonNull(CorpusTest.class.getResource("/diagnose"))
                .toString());
        try (Stream<Path> folders = Files.list(Path.of(root))) {
            List<Case> cases = new ArrayList<>();
            for (Path folder : folders.sorted().toList()) {
                cases.add(read(folder));
            }
            return cases;
        }
    }

    private static Case read(Path folder) throws IOException {
        Properties properties = new Properties();
        try (Reader reader = Files.newBufferedReader(folder.resolve("case.properties"))) {
            properties.load(reader);
        }
        Map<String, String> conf = new TreeMap<>();
        properties.stringPropertyNames().stream()
                .filter(key -> key.startsWith("conf."))
                .forEach(key -> conf.put(key.substring("conf.".length()), properties.getProperty(key)));
        String exit = properties.getProperty("exit", "");
        Optional<String> note = Optional.ofNullable(properties.getProperty("note"));
        Evidence evidence = new Evidence(
                Samples.spec(
                                properties.getProperty("spark"),
                                properties.getProperty("master", "local[*]"),
                                conf,
                                Map.of())
                        .in(properties.getProperty("runtime", "process")),
                Evidence.Stage.valueOf(properties.getProperty("stage", "STARTING")),
                exit.isEmpty() && note.isEmpty()
                        ? Optional.empty()
                        : Optional.of(new ExitStatus(
                                exit.isEmpty() ? OptionalInt.empty() : OptionalInt.of(Integer.parseInt(exit)),
                                Instant.EPOCH,
                                note)),
                Boolean.parseBoolean(properties.getProperty("killedByUs", "false")),
                Files.readAllLines(folder.resolve("log.txt")),
                Optional.ofNullable(properties.getProperty("probe"))
                        .map(kind -> new ProbeFailure(
                                Rung.SESSION,
                                ProbeFailure.Kind.valueOf(kind),
                                properties.getProperty("probeDetail", "no answer from 127.0.0.1:15002"))),
                Optional.ofNullable(properties.getProperty("holder")),
                Optional.of(Path.of("/srv/connectctl/servers/sales/run/1/server.log")),
                List.of());
        return new Case(
                folder.getFileName().toString(),
                properties.getProperty("expect"),
                properties.getProperty("fragment", ""),
                Optional.ofNullable(properties.getProperty("retryable")).map(Boolean::valueOf),
                evidence);
    }
}
