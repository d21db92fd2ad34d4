package io.connectctl.health.doctor;

import io.connectctl.health.wire.TimedSocket;
import io.grpc.Deadline;
import java.io.EOFException;
import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.SocketTimeoutException;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.cert.X509Certificate;
import java.util.HexFormat;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.SSLException;
import javax.net.ssl.SSLParameters;
import javax.net.ssl.SSLSocket;
import javax.net.ssl.TrustManager;
import javax.net.ssl.X509ExtendedTrustManager;
import org.jspecify.annotations.Nullable;

/** What a TCP port speaks, told from the first words it says. */
final class Greeting {
    /**
     * A language.
     *
     * @param kind which one
     * @param said what was heard, for people
     */
    record Heard(Kind kind, String said) {}

    /** The languages that are told apart. */
    enum Kind {
        HTTP2,
        TLS,
        HTTP1,
        OTHER,
        /** It takes the connection and says nothing: a process that hangs, or one that wants TLS. */
        SILENT,
        CLOSED
    }

    /**
     * How a TLS handshake went.
     *
     * @param outcome how far it came
     * @param http2 whether the port chose {@code h2}
     * @param why what stood in the way, for people; empty where nothing did
     */
    record Handshake(Outcome outcome, boolean http2, String why) {}

    /** How far a TLS handshake came. */
    enum Outcome {
        /** This JVM trusts the certificate for the host. */
        TRUSTED,
        /** It doesn't. */
        UNTRUSTED,
        /** The port speaks TLS and ended the connection of one who checks the certificate. */
        BROKEN,
        /** The port speaks TLS, and was silent before the end of the second handshake. */
        STALLED,
        /** Nothing was said within the time, or not enough of it. */
        SILENT,
        /** No TLS is spoken there. */
        NONE
    }

    /** RFC 9113, 3.4: what a client says first, followed by its settings, here none. */
    private static final byte[] PREFACE = concat(
            "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".getBytes(StandardCharsets.US_ASCII),
            new byte[] {0, 0, 0, 4, 0, 0, 0, 0, 0});

    private static final int SETTINGS = 4;

    /** A frame of HTTP/2 begins with nine bytes. */
    private static final int HEAD = 9;

    private static final int SHOWN = 60;

    private Greeting() {}

    private static byte[] concat(byte[] first, byte[] second) {
        byte[] all = java.util.Arrays.copyOf(first, first.length + second.length);
        System.arraycopy(second, 0, all, first.length, second.length);
        return all;
    }

    /** Speaks plaintext HTTP/2 and listens. */
    static Heard plaintext(InetAddress address, int port, Deadline deadline) throws InterruptedException {
        try (TimedSocket socket =
                TimedSocket.connect(address.getHostAddress(), port, deadline.timeRemaining(TimeUnit.NANOSECONDS))) {
            socket.write(PREFACE);
            return heard(socket.readFirst(HEAD));
        } catch (SocketTimeoutException e) {
            return new Heard(Kind.SILENT, "it took the connection and said nothing");
        } catch (IOException e) {
            return new Heard(Kind.CLOSED, "it ended the connection: " + e.getMessage());
        }
    }

    private static Heard heard(byte[] bytes) {
        if (bytes.length == 0) {
            return new Heard(Kind.CLOSED, "it ended the connection without a word");
        }
        String text = new String(bytes, StandardCharsets.ISO_8859_1);
        // A web server that takes the preface for the simple requests of old answers with a page and no head.
        if (text.startsWith("HTTP/1") || text.startsWith("<!DOCT") || text.startsWith("<html")) {
            return new Heard(Kind.HTTP1, "it answered in HTTP/1");
        }
        if (bytes.length >= HEAD && bytes[3] == SETTINGS && bytes[5] == 0 && bytes[8] == 0) {
            return new Heard(Kind.HTTP2, "HTTP/2 in plaintext");
        }
        // An alert of TLS: type 21, then the version 3.x.
        if (bytes[0] == 0x15 && bytes.length > 1 && bytes[1] == 0x03) {
            return new Heard(Kind.TLS, "it answered with an alert of TLS");
        }
        return new Heard(Kind.OTHER, "it said " + shown(bytes, text));
    }

    private static String shown(byte[] bytes, String text) {
        boolean printable =
                text.chars().allMatch(each -> (each >= 0x20 && each < 0x7f) || each == '\r' || each == '\n');
        String all = printable
                ? "\"" + text.strip() + "\""
                : "bytes " + HexFormat.of().formatHex(bytes);
        return all.length() > SHOWN ? all.substring(0, SHOWN) + "..." : all;
    }

    /**
     * Tries TLS, whatever the certificate; then once more, as one who checks it.
     *
     * @param limit the end of a handshake that begins now
     */
    static Handshake tls(String host, InetAddress address, int port, Supplier<Deadline> limit) {
        try {
            SSLContext anyone = SSLContext.getInstance("TLS");
            anyone.init(null, new TrustManager[] {new Anyone()}, null);
            boolean http2;
            try {
                http2 = shake(anyone, host, address, port, limit.get(), false);
            } catch (IOException e) {
                return new Handshake(
                        causedBy(e, SocketTimeoutException.class) ? Outcome.SILENT : Outcome.NONE, false, said(e));
            }
            try {
                shake(SSLContext.getDefault(), host, address, port, limit.get(), true);
                return new Handshake(Outcome.TRUSTED, http2, "");
            } catch (IOException e) {
                // Only a refusal of TLS itself is one of the certificate: JSSE wraps what happens to the connection as
                // well.
                Outcome outcome = causedBy(e, SocketTimeoutException.class)
                        ? Outcome.STALLED
                        : e instanceof SSLException && !causedBy(e, EOFException.class)
                                ? Outcome.UNTRUSTED
                                : Outcome.BROKEN;
                return new Handshake(outcome, http2, said(e));
            }
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException("this JVM has no TLS", e);
        }
    }

    private static boolean shake(
            SSLContext context, String host, InetAddress address, int port, Deadline deadline, boolean checked)
            throws IOException {
        try (Socket plain = new BoundedSocket(deadline)) {
            plain.connect(new InetSocketAddress(address, port), millis(deadline));
            try (SSLSocket socket = (SSLSocket) context.getSocketFactory().createSocket(plain, host, port, true)) {
                SSLParameters parameters = socket.getSSLParameters();
                parameters.setApplicationProtocols(new String[] {"h2"});
                if (checked) {
                    parameters.setEndpointIdentificationAlgorithm("HTTPS");
                }
                socket.setSSLParameters(parameters);
                socket.startHandshake();
                return "h2".equals(socket.getApplicationProtocol());
            }
        }
    }

    private static int millis(Deadline deadline) {
        return (int) Math.max(1, deadline.timeRemaining(TimeUnit.MILLISECONDS));
    }

    private static String said(IOException failure) {
        return String.valueOf(failure.getMessage());
    }

    private static boolean causedBy(IOException failure, Class<? extends Throwable> type) {
        for (@Nullable Throwable at = failure; at != null; at = at.getCause()) {
            if (type.isInstance(at)) {
                return true;
            }
        }
        return false;
    }

    /** All of its reads together end at the deadline; a socket's own timeout starts anew with each byte that trickles in. */
    private static final class BoundedSocket extends Socket {
        private final Deadline deadline;

        BoundedSocket(Deadline deadline) {
            this.deadline = deadline;
        }

        @Override
        public InputStream getInputStream() throws IOException {
            return new FilterInputStream(super.getInputStream()) {
                @Override
                public int read() throws IOException {
                    bound();
                    return super.read();
                }

                @Override
                public int read(byte[] bytes, int offset, int length) throws IOException {
                    bound();
                    return super.read(bytes, offset, length);
                }
            };
        }

        private void bound() throws IOException {
            if (deadline.isExpired()) {
                throw new SocketTimeoutException("the handshake was not done within the deadline");
            }
            setSoTimeout(millis(deadline));
        }
    }

    /** Takes every certificate: only for a handshake that carries nothing and tells whether there is TLS at all. */
    private static final class Anyone extends X509ExtendedTrustManager {
        @Override
        public void checkClientTrusted(X509Certificate[] chain, String type, Socket socket) {}

        @Override
        public void checkServerTrusted(X509Certificate[] chain, String type, Socket socket) {}

        @Override
        public void checkClientTrusted(X509Certificate[] chain, String type, SSLEngine engine) {}

        @Override
        public void checkServerTrusted(X509Certificate[] chain, String type, SSLEngine engine) {}

        @Override
        public void checkClientTrusted(X509Certificate[] chain, String type) {}

        @Override
        public void checkServerTrusted(X509Certificate[] chain, String type) {}

        @Override
        public X509Certificate[] getAcceptedIssuers() {
            return new X509Certificate[0];
        }
    }
}
