package io.connectctl.manager.api;

import io.connectctl.compose.runtime.RuntimeUnavailableException;
import io.connectctl.manager.api.v1.ApiProblem;
import io.connectctl.manager.supervise.RefusedException;
import java.io.IOException;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeSet;
import org.eclipse.jetty.http.HttpHeader;
import org.eclipse.jetty.server.Handler;
import org.eclipse.jetty.server.Request;
import org.eclipse.jetty.server.Response;
import org.eclipse.jetty.util.Callback;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Finds the route of a request and answers every failure with a problem. */
final class Dispatcher extends Handler.Abstract {
    private static final Logger LOG = LoggerFactory.getLogger(Dispatcher.class);

    private final String server;
    private final List<Route> routes;
    private final Gate gate;

    /** Says whether a request may be answered at all. */
    @FunctionalInterface
    interface Gate {
        void check(Request request) throws ApiException;
    }

    /**
     * @param server who answers, a header of every answer that the gate lets pass
     */
    Dispatcher(List<Route> routes, Gate gate, String server) {
        this.routes = List.copyOf(routes);
        this.gate = gate;
        this.server = server;
    }

    @Override
    public boolean handle(Request request, Response response, Callback callback) {
        try {
            gate.check(request);
            response.getHeaders().put(HttpHeader.SERVER, server);
            answer(request, response, callback);
        } catch (ApiException e) {
            problem(response, callback, e.problem());
        } catch (RefusedException e) {
            problem(response, callback, ApiException.of(e).problem());
        } catch (RuntimeUnavailableException e) {
            problem(
                    response,
                    callback,
                    new ApiException(
                                    503,
                                    "RUNTIME_UNAVAILABLE",
                                    String.valueOf(e.getMessage()),
                                    "Nothing is known of its servers until it answers; try again.")
                            .problem());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            problem(response, callback, new ApiException(503, "STOPPING", "the daemon stops", null).problem());
        } catch (IOException e) {
            // The request could not be read to its end: nobody waits for an answer.
            LOG.debug("a client went away", e);
            callback.failed(e);
        } catch (Exception e) {
            LOG.error("{} {} failed", request.getMethod(), Request.getPathInContext(request), e);
            problem(
                    response,
                    callback,
                    new ApiException(
                                    500,
                                    "INTERNAL",
                                    "the daemon failed on this request",
                                    "Look into daemon.log of the state folder, and report what it says.")
                            .problem());
        }
        return true;
    }

    private void answer(Request request, Response response, Callback callback) throws Exception {
        String path = Request.getPathInContext(request);
        TreeSet<String> allowed = new TreeSet<>();
        for (Route route : routes) {
            Optional<Map<String, String>> segments = route.match(path);
            if (segments.isPresent()) {
                if (route.method().equals(request.getMethod())) {
                    route.answer().to(new Call(request, response, callback, segments.get()));
                    return;
                }
                allowed.add(route.method());
            }
        }
        if (allowed.isEmpty()) {
            throw new ApiException(404, "NO_SUCH_ROUTE", "nothing answers " + path, "docs/api.md lists every route.");
        }
        response.getHeaders().put(HttpHeader.ALLOW, String.join(", ", allowed));
        throw new ApiException(
                405,
                "METHOD_NOT_ALLOWED",
                path + " doesn't take " + request.getMethod() + ", but " + String.join(", ", allowed),
                "docs/api.md lists every route.");
    }

    private static void problem(Response response, Callback callback, ApiProblem problem) {
        if (response.isCommitted()) {
            callback.failed(new IOException(problem.code() + ": " + problem.detail()));
            return;
        }
        if (problem.status() == 401) {
            response.getHeaders().put(HttpHeader.WWW_AUTHENTICATE, "Bearer");
        }
        Call.problem(response, callback, problem);
    }
}
