package io.connectctl.manager.api;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.exc.MismatchedInputException;
import io.connectctl.compose.spec.ServerName;
import io.connectctl.health.Rung;
import io.connectctl.manager.api.v1.ApiProblem;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.eclipse.jetty.http.HttpHeader;
import org.eclipse.jetty.io.Content;
import org.eclipse.jetty.server.Request;
import org.eclipse.jetty.server.Response;
import org.eclipse.jetty.util.Callback;
import org.eclipse.jetty.util.Fields;

/** One request and its answer. */
final class Call {
    static final String JSON = "application/json";
    static final String PROBLEM = "application/problem+json";
    static final String NDJSON = "application/x-ndjson";
    static final String TEXT = "text/plain; charset=utf-8";

    /** A declaration is a few KiB; a megabyte is a mistake or an attack. */
    static final int LARGEST_BODY = 1 << 20;

    private static final Pattern DURATION = Pattern.compile("(\\d{1,9})(ms|s|m|h)");

    private final Request request;
    private final Response response;
    private final Callback callback;
    private final Map<String, String> segments;
    private final Fields query;

    Call(Request request, Response response, Callback callback, Map<String, String> segments) throws ApiException {
        this.request = request;
        this.response = response;
        this.callback = callback;
        this.segments = segments;
        try {
            this.query = Request.extractQueryParameters(request);
        } catch (RuntimeException e) {
            throw badRequest("the query can't be decoded");
        }
    }

    Request request() {
        return request;
    }

    Response response() {
        return response;
    }

    Callback callback() {
        return callback;
    }

    /** The server that the path names. A name that can't exist is unknown like any other. */
    ServerName server() throws ApiException {
        try {
            return new ServerName(segment("server"));
        } catch (IllegalArgumentException e) {
            throw new ApiException(404, "NO_SUCH_SERVER", String.valueOf(e.getMessage()), null);
        }
    }

    /** A named segment of the path. */
    String segment(String name) {
        String value = segments.get(name);
        if (value == null) {
            throw new IllegalStateException("this route has no segment {" + name + "}");
        }
        return value;
    }

    Optional<String> query(String name) {
        return Optional.ofNullable(query.getValue(name)).filter(value -> !value.isEmpty());
    }

    /** True for {@code ?name}, {@code ?name=true} and {@code ?name=1}. */
    boolean flag(String name) throws ApiException {
        String value = query.getValue(name);
        if (value == null) {
            return false;
        }
        return switch (value.toLowerCase(Locale.ROOT)) {
            case "", "true", "1" -> true;
            case "false", "0" -> false;
            default -> throw badRequest(name + "=" + value + " is neither true nor false");
        };
    }

    OptionalInt number(String name, int least, int most) throws ApiException {
        Optional<String> value = query(name);
        return value.isEmpty() ? OptionalInt.empty() : OptionalInt.of((int) bounded(name, value.get(), least, most));
    }

    long sequence(String name, long otherwise) throws ApiException {
        Optional<String> value = query(name);
        return value.isEmpty() ? otherwise : bounded(name, value.get(), 0, Long.MAX_VALUE);
    }

    private static long bounded(String name, String value, long least, long most) throws ApiException {
        try {
            long number = Long.parseLong(value);
            if (number >= least && number <= most) {
                return number;
            }
        } catch (NumberFormatException e) {
            // Said below, as for a number out of bounds.
        }
        throw badRequest(name + "=" + value + " is no whole number of " + least + " to " + most);
    }

    Rung rung(String name, Rung otherwise) throws ApiException {
        Optional<String> value = query(name);
        if (value.isEmpty()) {
            return otherwise;
        }
        for (Rung rung : Rung.values()) {
            if (rung.atLeast(Rung.PORT) && rung.name().equalsIgnoreCase(value.get())) {
                return rung;
            }
        }
        throw badRequest(name + "=" + value.get() + " is no rung: use port, rpc, session or query");
    }

    Duration duration(String name, Duration otherwise, Duration most) throws ApiException {
        Optional<String> value = query(name);
        if (value.isEmpty()) {
            return otherwise;
        }
        Matcher matcher = DURATION.matcher(value.get());
        if (matcher.matches()) {
            long number = Long.parseLong(matcher.group(1));
            Duration duration =
                    switch (matcher.group(2)) {
                        case "ms" -> Duration.ofMillis(number);
                        case "s" -> Duration.ofSeconds(number);
                        case "m" -> Duration.ofMinutes(number);
                        default -> Duration.ofHours(number);
                    };
            if (!duration.isZero() && duration.compareTo(most) <= 0) {
                return duration;
            }
        }
        throw badRequest(name + "=" + value.get() + " is no duration of at most " + Views.duration(most)
                + ": write it as 500ms, 5s or 1m");
    }

    /** The body, which must be one JSON object. What was sent is never repeated in an error: it may hold secrets. */
    <T> T body(Class<T> type) throws ApiException, IOException {
        if (request.getLength() > LARGEST_BODY) {
            throw tooLarge();
        }
        byte[] bytes;
        try (InputStream in = Content.Source.asInputStream(request)) {
            bytes = in.readNBytes(LARGEST_BODY + 1);
        }
        if (bytes.length > LARGEST_BODY) {
            throw tooLarge();
        }
        try {
            T value = Json.MAPPER.readValue(bytes, type);
            if (value != null) {
                return value;
            }
        } catch (MismatchedInputException e) {
            throw badJson("the body has not the shape of " + type.getSimpleName() + place(e));
        } catch (JsonProcessingException e) {
            throw badJson("the body is no JSON" + place(e));
        }
        throw badJson("the body is null, it must be a JSON object");
    }

    private static String place(JsonProcessingException e) {
        return e.getLocation() == null
                ? ""
                : ", line " + e.getLocation().getLineNr() + ", column "
                        + e.getLocation().getColumnNr();
    }

    static ApiException badRequest(String detail) {
        return new ApiException(400, "BAD_REQUEST", detail, "See docs/api.md for what this route takes.");
    }

    static ApiException badJson(String detail) {
        return new ApiException(400, "BAD_JSON", detail, "See docs/api.md for what this route takes.");
    }

    private static ApiException tooLarge() {
        return new ApiException(413, "BODY_TOO_LARGE", "the body is larger than " + LARGEST_BODY + " bytes", null);
    }

    void json(int status, Object value) {
        bytes(status, JSON, Json.line(value));
    }

    void text(int status, String contentType, String text) {
        bytes(status, contentType, text.getBytes(StandardCharsets.UTF_8));
    }

    void empty() {
        response.setStatus(204);
        response.write(true, null, callback);
    }

    void bytes(int status, String contentType, byte[] bytes) {
        send(response, callback, status, contentType, bytes);
    }

    /** Answers, and does something once the answer has left. */
    void jsonThen(int status, Object value, Runnable then) {
        send(response, Callback.from(callback, then), status, JSON, Json.line(value));
    }

    static void problem(Response response, Callback callback, ApiProblem problem) {
        send(response, callback, problem.status(), PROBLEM, Json.line(problem));
    }

    private static void send(Response response, Callback callback, int status, String contentType, byte[] bytes) {
        response.setStatus(status);
        response.getHeaders().put(HttpHeader.CONTENT_TYPE, contentType);
        response.getHeaders().put(HttpHeader.CACHE_CONTROL, "no-store");
        response.write(true, ByteBuffer.wrap(bytes), callback);
    }
}
