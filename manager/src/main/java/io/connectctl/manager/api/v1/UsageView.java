package io.connectctl.manager.api.v1;

import com.fasterxml.jackson.annotation.JsonIgnoreProperties;
import org.jspecify.annotations.Nullable;

/** What a running server uses. */
@JsonIgnoreProperties(ignoreUnknown = true)
public record UsageView(
        String server, long residentBytes, double cpuSeconds, int threads, int openFiles, @Nullable Long pid) {}
