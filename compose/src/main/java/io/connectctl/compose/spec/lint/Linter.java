package io.connectctl.compose.spec.lint;

import io.connectctl.compose.spec.Declaration;
import io.connectctl.compose.spec.Findings;
import io.connectctl.compose.spec.Problem;
import io.connectctl.compose.spec.Problem.Severity;
import io.connectctl.compose.spec.ProjectFile;
import io.connectctl.compose.spec.Rule;
import io.connectctl.compose.spec.ServerName;
import io.connectctl.compose.spec.ServerSpec;
import io.connectctl.compose.spec.SpecReader;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;

/** Everything that can be said of a file, or of one declaration, without starting anything. */
public final class Linter {
    /** What would surely keep Spark from starting, or every session of it: told also before a start. */
    private static final List<Check> REFUSALS = List.of(new Values(), new KeyConflicts());

    /** What {@code validate} tells besides. */
    private static final List<Check> ADVICE = List.of(
            new KeyNames(),
            new Bystanders(),
            new Paths(),
            new Classes(),
            new DriverHost(),
            new ContainerMemory(),
            new PlaintextSecrets());

    private Linter() {}

    /** Every problem of a file, in its order. */
    public static List<Problem> lint(ProjectFile file) {
        List<Problem> all = new ArrayList<>(file.allProblems());
        Map<ServerName, Declaration> declared = new HashMap<>(file.servers());
        List<Subject> servers = new ArrayList<>();
        file.servers().forEach((name, declaration) -> servers.add(Subject.of(name, declaration)));
        List<Subject> looked = new ArrayList<>(servers);
        // A pool of a declared server brings nothing new.
        file.pools().forEach((name, pool) -> {
            if (!declared.containsValue(pool.server()) && pool.server().places().containsKey("/conf")) {
                looked.add(Subject.of(name, pool.server()));
            }
        });
        Set<String> catalogued = looked.stream()
                .filter(server -> SparkKeys.of(server.spec().spark()).isPresent())
                .map(server -> "servers." + server.name() + ".")
                .collect(Collectors.toSet());
        // The catalogue knows better than the reader's short list of well-known keys.
        all.removeIf(problem ->
                problem.rule() == Rule.UNKNOWN_KEY && catalogued.stream().anyMatch(problem.key()::startsWith));
        for (Subject server : looked) {
            Findings findings = new Findings("servers." + server.name(), server.declaration());
            REFUSALS.forEach(check -> check.check(server, findings));
            ADVICE.forEach(check -> check.check(server, findings));
            addNew(all, findings.inOrder());
        }
        addNew(all, Ports.check(file, servers));
        all.sort(ProjectFile.IN_FILE_ORDER);
        return all;
    }

    /**
     * As {@link SpecReader#read}, and warns of what Spark would surely refuse. It refuses none of it: a build of Spark that isn't in the
     * catalogue may take it, and where Spark doesn't, its own words are the better cause.
     */
    public static SpecReader.Reading read(ServerName name, Declaration declaration) {
        SpecReader.Reading reading = SpecReader.read(name, declaration);
        if (reading.spec().map(ServerSpec::conf).filter(conf -> !conf.isEmpty()).isEmpty()) {
            return reading;
        }
        Subject server = Subject.of(name, declaration);
        Findings findings = new Findings("servers." + name, declaration);
        REFUSALS.forEach(check -> check.check(server, findings));
        List<Problem> all = new ArrayList<>(reading.problems());
        addNew(
                all,
                findings.inOrder().stream()
                        .filter(problem -> problem.severity() == Severity.ERROR)
                        .map(Problem::leftToSpark)
                        .toList());
        if (all.size() == reading.problems().size()) {
            return reading;
        }
        all.sort(ProjectFile.IN_FILE_ORDER);
        return new SpecReader.Reading(reading.spec(), all);
    }

    /** A key that is refused already needs no second reason, but a secret is one whatever else is wrong with it. */
    private static void addNew(List<Problem> all, List<Problem> more) {
        Set<String> refused = all.stream()
                .filter(problem -> problem.severity() == Severity.ERROR)
                .map(Problem::key)
                .collect(Collectors.toSet());
        for (Problem problem : more) {
            if (problem.rule() == Rule.PLAINTEXT_SECRET || !refused.contains(problem.key())) {
                all.add(problem);
            }
        }
    }
}
