package io.connectctl.manager.cli;

import io.connectctl.compose.spec.Location;
import io.connectctl.compose.spec.Problem;
import io.connectctl.compose.spec.Rule;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/** Problems as SARIF 2.1.0, which code hosts show beside the lines of a change. */
final class Sarif {
    private Sarif() {}

    /** The log of one run. */
    static Map<String, Object> log(List<Problem> problems, String version) {
        List<Rule> rules =
                problems.stream().map(Problem::rule).distinct().sorted().toList();
        Map<String, Object> driver = new LinkedHashMap<>();
        driver.put("name", "connectctl");
        driver.put("version", version);
        driver.put("rules", rules.stream().map(Sarif::rule).toList());
        Map<String, Object> run = new LinkedHashMap<>();
        run.put("tool", Map.of("driver", driver));
        run.put("columnKind", "unicodeCodePoints");
        run.put(
                "results",
                problems.stream().map(problem -> result(problem, rules)).toList());
        Map<String, Object> log = new LinkedHashMap<>();
        log.put("$schema", "https://json.schemastore.org/sarif-2.1.0.json");
        log.put("version", "2.1.0");
        log.put("runs", List.of(run));
        return log;
    }

    private static Map<String, Object> rule(Rule rule) {
        Map<String, Object> written = new LinkedHashMap<>();
        written.put("id", rule.id());
        written.put("shortDescription", Map.of("text", rule.says()));
        written.put("help", Map.of("text", rule.remedy()));
        written.put("defaultConfiguration", Map.of("level", level(rule.severity())));
        return written;
    }

    private static Map<String, Object> result(Problem problem, List<Rule> rules) {
        Map<String, Object> result = new LinkedHashMap<>();
        result.put("ruleId", problem.rule().id());
        result.put("ruleIndex", rules.indexOf(problem.rule()));
        result.put("level", level(problem.severity()));
        result.put("message", Map.of("text", ValidateCommand.text(problem)));
        List<Object> places = new ArrayList<>();
        problem.where().ifPresent(place -> places.add(Map.of("physicalLocation", place(place))));
        result.put("locations", places);
        return result;
    }

    private static Map<String, Object> place(Location place) {
        Map<String, Object> region = new LinkedHashMap<>();
        region.put("startLine", place.line());
        region.put("startColumn", place.column());
        Map<String, Object> written = new LinkedHashMap<>();
        written.put("artifactLocation", Map.of("uri", place.source()));
        written.put("region", region);
        return written;
    }

    private static String level(Problem.Severity severity) {
        return severity.name().toLowerCase(Locale.ROOT);
    }
}
