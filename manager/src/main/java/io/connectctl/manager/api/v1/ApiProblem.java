package io.connectctl.manager.api.v1;

import com.fasterxml.jackson.annotation.JsonIgnoreProperties;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** An error answer (RFC 9457, application/problem+json). */
@JsonIgnoreProperties(ignoreUnknown = true)
public record ApiProblem(
        String code, int status, String title, String detail, @Nullable String remedy, List<ProblemView> problems) {}
