package io.connectctl.manager.diagnose;

import java.util.Optional;
import java.util.Set;
import java.util.regex.Pattern;

/** spark.executor.memory is below Spark's floor; checked with local masters too. */
final class ExecutorMemoryTooSmall implements Rule {
    private static final Pattern SPARK = Pattern.compile("Executor memory (\\d{1,18}) must be at least (\\d{1,18})");

    @Override
    public Optional<Finding> look(Clues clues) {
        return clues.startup(SPARK)
                .flatMap(hit -> hit.config(
                        "EXECUTOR_MEMORY_TOO_SMALL",
                        "spark.executor.memory is too small: " + (Long.parseLong(hit.group(1)) >> 20)
                                + " MiB, and Spark needs " + (Long.parseLong(hit.group(2)) >> 20) + " MiB",
                        "give the executors more memory: " + clues.again("--conf spark.executor.memory=1g")));
    }

    @Override
    public Set<String> codes() {
        return Set.of("EXECUTOR_MEMORY_TOO_SMALL");
    }
}
