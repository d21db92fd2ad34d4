package io.connectctl.health;

import io.connectctl.health.ProbeFailure.Kind;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import java.net.ConnectException;
import org.jspecify.annotations.Nullable;

/** What a gRPC status says of a server; for {@code io.connectctl.health} and its packages only. */
public final class RpcFailures {
    /** Longer texts are pieces of stack traces. */
    private static final int MAX_DETAIL = 300;

    private RpcFailures() {}

    /**
     * True if the method's own code on the server answered, though with an error: so a gRPC server with that method is
     * there. gRPC itself uses the same codes for what an HTTP/2 server without gRPC says, and tells so in the text.
     */
    static boolean answeredByMethod(StatusRuntimeException failure) {
        return switch (failure.getStatus().getCode()) {
            case OK,
                    UNKNOWN,
                    INTERNAL,
                    INVALID_ARGUMENT,
                    NOT_FOUND,
                    ALREADY_EXISTS,
                    FAILED_PRECONDITION,
                    ABORTED,
                    OUT_OF_RANGE,
                    DATA_LOSS,
                    RESOURCE_EXHAUSTED,
                    PERMISSION_DENIED -> !notGrpc(failure);
            case CANCELLED, DEADLINE_EXCEEDED, UNAVAILABLE, UNIMPLEMENTED, UNAUTHENTICATED -> false;
        };
    }

    /** True if a gRPC server said that it has no such method. What an HTTP/2 server without gRPC says (404) gets the same code. */
    public static boolean lacksMethod(StatusRuntimeException failure) {
        return failure.getStatus().getCode() == Status.Code.UNIMPLEMENTED && !notGrpc(failure);
    }

    /** The failure as the result of a probe that called {@code method}; {@code otherwise} where nothing fits better. */
    static ProbeResult.Failed failed(
            String method, ProbeTarget target, StatusRuntimeException failure, Kind otherwise) {
        return ProbeResult.failed(kind(failure, otherwise), detail(method, target, failure));
    }

    private static Kind kind(StatusRuntimeException failure, Kind otherwise) {
        return switch (failure.getStatus().getCode()) {
            case DEADLINE_EXCEEDED -> Kind.TIMED_OUT;
            case UNAUTHENTICATED -> Kind.UNAUTHENTICATED;
            case CANCELLED -> Kind.OTHER;
            case UNAVAILABLE ->
                causedBy(failure, ConnectException.class)
                        ? Kind.REFUSED
                        : notGrpc(failure) ? Kind.NOT_SPARK_CONNECT : Kind.OTHER;
            case OK,
                    UNKNOWN,
                    INTERNAL,
                    INVALID_ARGUMENT,
                    NOT_FOUND,
                    ALREADY_EXISTS,
                    FAILED_PRECONDITION,
                    ABORTED,
                    OUT_OF_RANGE,
                    UNIMPLEMENTED,
                    DATA_LOSS,
                    RESOURCE_EXHAUSTED,
                    PERMISSION_DENIED -> notGrpc(failure) ? Kind.NOT_SPARK_CONNECT : otherwise;
        };
    }

    static String detail(String method, ProbeTarget target, StatusRuntimeException failure) {
        return method + " at " + target.host() + ":" + target.port() + " answered " + answer(failure);
    }

    /** The code, and the first line of what was said with it. */
    public static String answer(StatusRuntimeException failure) {
        String text = failure.getStatus().getDescription();
        Throwable cause = failure.getStatus().getCause();
        String why = text != null ? text : cause != null ? String.valueOf(cause.getMessage()) : "";
        String line = why.lines().findFirst().orElse("").strip();
        if (line.length() > MAX_DETAIL) {
            line = line.substring(0, MAX_DETAIL) + "...";
        }
        return failure.getStatus().getCode() + (line.isEmpty() ? "" : ": " + line);
    }

    /** An HTTP/1 server, an HTTP/2 server without gRPC, or something else that speaks no HTTP/2. */
    public static boolean notGrpc(StatusRuntimeException failure) {
        String text = String.valueOf(failure.getStatus().getDescription());
        return text.contains("HTTP status code")
                || text.contains("invalid content-type")
                || text.contains("First received frame was not SETTINGS")
                || causedBy(failure, io.netty.handler.codec.http2.Http2Exception.class);
    }

    private static boolean causedBy(StatusRuntimeException failure, Class<? extends Throwable> type) {
        for (@Nullable Throwable at = failure; at != null; at = at.getCause()) {
            if (type.isInstance(at)) {
                return true;
            }
        }
        return false;
    }
}
