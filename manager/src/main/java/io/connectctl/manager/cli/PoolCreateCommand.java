package io.connectctl.manager.cli;

import io.connectctl.compose.spec.Declaration;
import io.connectctl.compose.spec.MemorySize;
import io.connectctl.manager.api.v1.PoolRequest;
import io.connectctl.manager.api.v1.PoolView;
import io.connectctl.manager.client.ApiClient;
import io.connectctl.manager.client.ApiException;
import java.io.IOException;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code connectctl pool create}. */
@Command(
        name = "create",
        description = {
            "Keep spare servers ready, or change how: each is started, proven by a query, and handed out once, by run --pool and lease --pool.",
            "Returns at once; at most as many servers start at a time as the machine has cores, claims before spares."
        },
        footerHeading = "%nExamples:%n",
        footer = {
            "  connectctl pool create ci --size 3 --driver-memory 1g",
            "  connectctl pool create ci --size 3 --from connectctl.yaml --memory-budget 8g --max-age 30m"
        })
final class PoolCreateCommand extends CliCommand {
    @Parameters(index = "0", paramLabel = "NAME", description = "The pool.")
    String name = "";

    @Mixin
    final DeclarationOptions declarations = new DeclarationOptions();

    @Option(
            names = "--size",
            paramLabel = "N",
            description = "How many spare servers; unless said, as connectctl.yaml declares this pool.")
    @Nullable
    Integer size;

    @Mixin
    final FromOptions file = new FromOptions();

    @Option(
            names = "--memory-budget",
            paramLabel = "SIZE",
            description = "What all spares may take together; fewer are kept where they would take more"
                    + " (default: its part of what the others leave of half of the machine's memory).")
    @Nullable
    String memoryBudget;

    @Option(
            names = "--max-age",
            paramLabel = "TIME",
            description = "A spare older than this is replaced (default: 1h).")
    @Nullable
    String maxAge;

    PoolCreateCommand(CliContext context) {
        super(context);
    }

    @Override
    ExitCode execute() throws IOException, InterruptedException {
        Declaration flags = declarations.declaration(context);
        if (size == null) {
            return declared(flags);
        }
        Declaration declaration = file.declaration(context, flags);
        Duration age = maxAge == null ? null : Durations.parse("--max-age", maxAge);
        Long budget = memoryBudget == null ? null : Long.valueOf(bytes(memoryBudget));
        ApiClient client = connect();
        sameEngine(declaration.tree(), "pool create " + name);
        PoolView pool;
        try {
            pool = client.pool(
                    name,
                    new PoolRequest(
                            declaration.tree(),
                            size.intValue(),
                            age == null ? null : Long.valueOf(age.toMillis()),
                            budget));
        } catch (ApiException e) {
            throw Leased.refused(e);
        }
        tell(pool);
        return ExitCode.OK;
    }

    /** As the connectctl.yaml that is named, or the nearest one, has it. */
    private ExitCode declared(Declaration flags) throws IOException, InterruptedException {
        if (file.server != null
                || memoryBudget != null
                || maxAge != null
                || !flags.tree().isEmpty()) {
            throw CliFailure.usage("--size is missing", "give it, or declare all of the pool in connectctl.yaml");
        }
        Optional<PoolRequest> request = declared(context, Project.find(context, file.from), name);
        if (request.isEmpty()) {
            throw CliFailure.usage(
                    "no connectctl.yaml declares pool '" + name + "', and --size is missing",
                    "give --size, or declare it under 'pools:'");
        }
        try {
            ApiClient client = connect();
            sameEngine(request.get().declaration(), "pool create " + name);
            tell(client.pool(name, request.get()));
        } catch (ApiException e) {
            throw Leased.refused(e);
        }
        return ExitCode.OK;
    }

    /** A pool that a file declares. */
    static Optional<PoolRequest> declared(CliContext context, Project project, String name) {
        return project.file()
                .flatMap(file -> file.pools().entrySet().stream()
                        .filter(entry -> entry.getKey().value().equals(name))
                        .map(Map.Entry::getValue)
                        .findFirst())
                .map(pool -> new PoolRequest(
                        DeclarationOptions.withCallersHadoop(context, pool.server())
                                .tree(),
                        pool.size(),
                        pool.maxAge().map(Duration::toMillis).orElse(null),
                        pool.memoryBudget().map(MemorySize::bytes).orElse(null)));
    }

    private void tell(PoolView pool) {
        long kept = Math.min(pool.size(), pool.budgetBytes() / Math.max(1, pool.memberBytes()));
        say("pool " + pool.name() + ": " + kept + " of " + pool.size() + " servers with "
                + (pool.memberBytes() >> 20) + " MiB each fit its memory budget of " + (pool.budgetBytes() >> 20)
                + " MiB");
    }

    private static long bytes(String text) throws CliFailure {
        try {
            return MemorySize.parse(text).bytes();
        } catch (IllegalArgumentException e) {
            throw CliFailure.usage("--memory-budget: " + e.getMessage(), "write it as 8g or 6000m");
        }
    }
}
