package io.connectctl.manager.api;

import io.connectctl.manager.api.v1.ApiProblem;
import io.connectctl.manager.api.v1.ProblemView;
import io.connectctl.manager.supervise.RefusedException;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** A request that is answered with a problem (RFC 9457). */
public final class ApiException extends Exception {
    private static final long serialVersionUID = 1L;

    private final transient ApiProblem problem;

    /**
     * @param status the HTTP status
     * @param code stable code for scripts, such as {@code NO_SUCH_SERVER}
     * @param detail what failed, with which value; never a secret
     * @param remedy what to do next, where there is something to do
     */
    public ApiException(int status, String code, String detail, @Nullable String remedy) {
        this(new ApiProblem(code, status, title(code), detail, remedy, List.of()));
    }

    ApiException(ApiProblem problem) {
        super(problem.detail());
        this.problem = problem;
    }

    /** What is answered. */
    public ApiProblem problem() {
        return problem;
    }

    /** The answer to a command that the fleet refused. */
    static ApiException of(RefusedException refused) {
        RefusedException.Code code = refused.code();
        int status =
                switch (code) {
                    case NO_SUCH_SERVER, NO_SUCH_LEASE, NO_SUCH_POOL -> 404;
                    case INVALID -> 422;
                    case NAME_HELD,
                            PORT_HELD,
                            NOT_ADOPTABLE,
                            RUNNING,
                            NOT_RUNNING,
                            WAREHOUSE_NOT_EMPTY,
                            OWNER_GONE,
                            OPERATIONS_RUNNING,
                            NEVER_HEALTHY -> 409;
                    case BUSY, STORE_FAILED -> 503;
                };
        String remedy =
                switch (code) {
                    case NO_SUCH_SERVER -> "List the servers with 'connectctl status'.";
                    case INVALID -> "Correct the declaration; nothing was changed.";
                    case NAME_HELD -> "Take another name, or remove the server first.";
                    case PORT_HELD -> "Free the port, or declare another one or 'port: auto'.";
                    case NOT_ADOPTABLE ->
                        "Name a running Spark Connect container that publishes its gRPC port and that connectctl doesn't keep.";
                    case RUNNING -> "Stop the server first.";
                    case NOT_RUNNING -> "Start the server first.";
                    case OPERATIONS_RUNNING -> "Let them finish with --drain 5m, or end them with --force.";
                    case NEVER_HEALTHY -> "Mend the declaration, then restart.";
                    case WAREHOUSE_NOT_EMPTY -> "Save the tables in its warehouse, or remove it with --purge.";
                    case NO_SUCH_LEASE -> "List the leases with 'connectctl leases', or lease another server.";
                    case NO_SUCH_POOL ->
                        "List the pools with 'connectctl pool list', or make it: connectctl pool create.";
                    case OWNER_GONE ->
                        "Name a process that runs, or leave the owner out; digits alone are a process, a job is named like job-17.";
                    case BUSY -> "Try again in some seconds.";
                    case STORE_FAILED -> "Look into daemon.log and at the free space of the state folder.";
                };
        String detail = refused.getMessage() == null ? code.name() : refused.getMessage();
        List<ProblemView> problems =
                refused.problems().stream().map(Views::problem).toList();
        return new ApiException(new ApiProblem(code.name(), status, title(code.name()), detail, remedy, problems));
    }

    private static String title(String code) {
        return switch (code) {
            case "NO_SUCH_SERVER" -> "No such server";
            case "INVALID" -> "The declaration has problems";
            case "NAME_HELD" -> "The name is held by another declaration";
            case "PORT_HELD" -> "The port is held";
            case "NOT_ADOPTABLE" -> "It can't be adopted";
            case "RUNNING" -> "The server is running";
            case "NOT_RUNNING" -> "The server isn't running";
            case "OPERATIONS_RUNNING" -> "Operations are running";
            case "NEVER_HEALTHY" -> "There is nothing to roll back to";
            case "WAREHOUSE_NOT_EMPTY" -> "The warehouse isn't empty";
            case "NO_SUCH_LEASE" -> "No such lease";
            case "NO_SUCH_POOL" -> "No such pool";
            case "OWNER_GONE" -> "The owner doesn't run";
            case "BUSY" -> "It is busy";
            case "STORE_FAILED" -> "The state can't be written";
            case "RUNTIME_UNAVAILABLE" -> "The runtime can't be asked now";
            case "NO_SUCH_ROUTE" -> "No such route";
            case "METHOD_NOT_ALLOWED" -> "Method not allowed";
            case "BAD_JSON" -> "The body isn't what was expected";
            case "BAD_REQUEST" -> "Bad request";
            case "BODY_TOO_LARGE" -> "The body is too large";
            case "UNAUTHORIZED" -> "A token is needed";
            case "FORBIDDEN" -> "Refused";
            case "MISDIRECTED" -> "This isn't the host that was asked for";
            case "TOO_MANY_STREAMS" -> "Too many open streams";
            case "TOO_SLOW" -> "The client reads too slowly";
            case "STOPPING" -> "The daemon stops";
            default -> "The daemon failed";
        };
    }
}
