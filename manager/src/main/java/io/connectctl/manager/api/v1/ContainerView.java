package io.connectctl.manager.api.v1;

import com.fasterxml.jackson.annotation.JsonIgnoreProperties;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The container of a server.
 *
 * @param image its image
 * @param memoryBytes its memory limit; null where there is none
 * @param memory the limit as arithmetic: heap + overhead = limit
 * @param loosened the parts of its hardening that it does without
 */
@JsonIgnoreProperties(ignoreUnknown = true)
public record ContainerView(String image, @Nullable Long memoryBytes, String memory, List<String> loosened) {}
