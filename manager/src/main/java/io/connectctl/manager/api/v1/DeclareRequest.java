package io.connectctl.manager.api.v1;

import com.fasterxml.jackson.annotation.JsonIgnoreProperties;
import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.databind.JsonNode;
import org.jspecify.annotations.Nullable;

/**
 * Declares a server; values may be secret, so this travels over the owner's socket only and is never logged.
 *
 * @param declaration what {@code file} says of the server, in place of what it said before; without a file, a patch of
 *     what flags said before
 * @param file the absolute path of the file that declares it
 * @param flags only beside a file: a patch of what flags said before; the file wins for every key that it names
 * @param launch true where a start or restart follows at once: what would refuse that refuses this, and nothing is stored
 */
@JsonIgnoreProperties(ignoreUnknown = true)
public record DeclareRequest(
        JsonNode declaration,
        @Nullable String file,
        @JsonInclude(JsonInclude.Include.NON_NULL) @Nullable JsonNode flags,
        @JsonInclude(JsonInclude.Include.NON_NULL) @Nullable Boolean launch) {}
