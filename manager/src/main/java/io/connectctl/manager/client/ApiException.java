package io.connectctl.manager.client;

import io.connectctl.manager.api.v1.ApiProblem;
import java.io.IOException;

/** The daemon answered with a problem; nothing was changed. */
public final class ApiException extends IOException {
    private static final long serialVersionUID = 1L;

    private final transient ApiProblem problem;

    /**
     * @param problem what the daemon answered
     */
    public ApiException(ApiProblem problem) {
        super(problem.detail().isEmpty() ? problem.title() : problem.detail());
        this.problem = problem;
    }

    /** What the daemon answered, with its code and, for INVALID, every problem of the declaration. */
    public ApiProblem problem() {
        return problem;
    }

    /** The problem's stable code, such as {@code NO_SUCH_SERVER}. */
    public String code() {
        return problem.code();
    }
}
