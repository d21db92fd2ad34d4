package io.connectctl.manager.api;

import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import org.eclipse.jetty.http.HttpFields;
import org.eclipse.jetty.http.HttpHeader;
import org.jspecify.annotations.Nullable;

/**
 * Who may speak over TCP: whoever holds the token, addressing this very listener, and no web page of another origin.
 * Loopback alone keeps nobody out: every user of the machine reaches it, and so does every page in the owner's browser
 * (by a name that was made to point to 127.0.0.1, which the Host header gives away).
 */
final class TcpGate {
    private final Set<String> hosts;
    private final byte[] token;

    TcpGate(int port, String token) {
        this.hosts = Set.of("localhost:" + port, "127.0.0.1:" + port, "[::1]:" + port);
        this.token = token.getBytes(StandardCharsets.UTF_8);
    }

    /** Throws unless a request with these headers may be answered. */
    void check(HttpFields headers) throws ApiException {
        List<String> given = headers.getValuesList(HttpHeader.HOST);
        String host = given.size() == 1 ? given.get(0).toLowerCase(Locale.ROOT) : "";
        if (!hosts.contains(host)) {
            throw new ApiException(
                    421,
                    "MISDIRECTED",
                    "the Host header must be localhost or 127.0.0.1 with this listener's port",
                    null);
        }
        for (String origin : headers.getValuesList(HttpHeader.ORIGIN)) {
            if (!origin.equalsIgnoreCase("http://" + host)) {
                throw new ApiException(403, "FORBIDDEN", "pages of another origin may not use this API", null);
            }
        }
        List<String> authorizations = headers.getValuesList(HttpHeader.AUTHORIZATION);
        if (authorizations.size() != 1 || !matches(authorizations.get(0))) {
            throw new ApiException(
                    401,
                    "UNAUTHORIZED",
                    "this listener wants 'Authorization: Bearer TOKEN'",
                    "The token lies in the file api-token of the state folder.");
        }
    }

    private boolean matches(@Nullable String authorization) {
        String scheme = "Bearer ";
        return authorization != null
                && authorization.regionMatches(true, 0, scheme, 0, scheme.length())
                && MessageDigest.isEqual(
                        token, authorization.substring(scheme.length()).strip().getBytes(StandardCharsets.UTF_8));
    }
}
