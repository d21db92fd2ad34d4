package io.connectctl.manager.api.v1;

import com.fasterxml.jackson.annotation.JsonIgnoreProperties;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Why a server is where it is. */
@JsonIgnoreProperties(ignoreUnknown = true)
public record CauseView(String code, String summary, String remedy, List<String> evidence, @Nullable String logFile) {}
