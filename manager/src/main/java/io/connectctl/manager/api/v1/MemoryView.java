package io.connectctl.manager.api.v1;

import com.fasterxml.jackson.annotation.JsonIgnoreProperties;
import org.jspecify.annotations.Nullable;

/** The driver's memory: as declared, as computed, as the running server reports it; bytes. */
@JsonIgnoreProperties(ignoreUnknown = true)
public record MemoryView(long driverBytes, long poolBytes, @Nullable Long observedPoolBytes, String explanation) {}
