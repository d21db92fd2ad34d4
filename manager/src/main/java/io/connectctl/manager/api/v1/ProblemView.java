package io.connectctl.manager.api.v1;

import com.fasterxml.jackson.annotation.JsonIgnoreProperties;
import org.jspecify.annotations.Nullable;

/** One problem of a declaration. */
@JsonIgnoreProperties(ignoreUnknown = true)
public record ProblemView(
        String severity, @Nullable String where, String key, String message, @Nullable String suggestion) {}
