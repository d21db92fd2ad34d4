package io.connectctl.manager.api.v1;

import com.fasterxml.jackson.annotation.JsonIgnoreProperties;
import org.jspecify.annotations.Nullable;

/**
 * One problem of a declaration.
 *
 * @param rule the rule it breaks, as docs/rules.md lists them
 * @param remedy what to do, where the message doesn't tell
 * @param endsStart true for a warning of what Spark would surely refuse
 */
@JsonIgnoreProperties(ignoreUnknown = true)
public record ProblemView(
        String severity,
        @Nullable String rule,
        @Nullable String where,
        String key,
        String message,
        @Nullable String suggestion,
        @Nullable String remedy,
        @Nullable Boolean endsStart) {}
