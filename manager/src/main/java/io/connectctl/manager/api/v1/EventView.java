package io.connectctl.manager.api.v1;

import com.fasterxml.jackson.annotation.JsonIgnoreProperties;
import org.jspecify.annotations.Nullable;

/** One event. */
@JsonIgnoreProperties(ignoreUnknown = true)
public record EventView(
        long sequence,
        String at,
        String server,
        int incarnation,
        String type,
        String phase,
        String message,
        @Nullable CauseView cause) {}
