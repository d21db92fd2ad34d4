package io.connectctl.manager.api.v1;

import com.fasterxml.jackson.annotation.JsonIgnoreProperties;
import com.fasterxml.jackson.databind.JsonNode;
import org.jspecify.annotations.Nullable;

/** Declares a server; values may be secret, so this travels over the owner's socket only and is never logged. */
@JsonIgnoreProperties(ignoreUnknown = true)
public record DeclareRequest(JsonNode declaration, @Nullable String file) {}
