package io.connectctl.manager.api.v1;

import com.fasterxml.jackson.annotation.JsonIgnoreProperties;
import java.util.List;

/** What a declaration changed. */
@JsonIgnoreProperties(ignoreUnknown = true)
public record DeclareResponse(boolean created, boolean changed, List<ProblemView> warnings) {}
