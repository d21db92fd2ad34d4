package io.connectctl.health.doctor;

import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLParameters;
import javax.net.ssl.SSLServerSocket;
import javax.net.ssl.SSLSocket;

/** A port of loopback that speaks TLS, agrees on HTTP/2, and shows a certificate that nobody signed. */
final class TlsServer implements AutoCloseable {
    private final SSLServerSocket listener;
    private final boolean stalls;
    private final List<Socket> held = new CopyOnWriteArrayList<>();

    private TlsServer(SSLServerSocket listener, boolean stalls) {
        this.listener = listener;
        this.stalls = stalls;
        Thread thread = new Thread(this::serve, "tls");
        thread.setDaemon(true);
        thread.start();
    }

    static TlsServer start() throws IOException, GeneralSecurityException, InterruptedException {
        return start(false);
    }

    /** As {@link #start}; after its first handshake it takes connections and says nothing. */
    static TlsServer startStallingAfterOne() throws IOException, GeneralSecurityException, InterruptedException {
        return start(true);
    }

    private static TlsServer start(boolean stalls) throws IOException, GeneralSecurityException, InterruptedException {
        char[] password = "changeit".toCharArray();
        Path folder = Files.createTempDirectory("connectctl-tls");
        Path store = folder.resolve("store.p12");
        try {
            Process keytool = new ProcessBuilder(
                            Path.of(System.getProperty("java.home"), "bin", "keytool")
                                    .toString(),
                            "-genkeypair",
                            "-keyalg",
                            "EC",
                            "-alias",
                            "server",
                            "-dname",
                            "CN=localhost",
                            "-ext",
                            "SAN=dns:localhost,ip:127.0.0.1",
                            "-validity",
                            "2",
                            "-keystore",
                            store.toString(),
                            "-storetype",
                            "PKCS12",
                            "-storepass",
                            new String(password))
                    .redirectErrorStream(true)
                    .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                    .start();
            if (keytool.waitFor() != 0) {
                throw new IOException("keytool failed");
            }
            KeyStore keys = KeyStore.getInstance("PKCS12");
            try (InputStream in = Files.newInputStream(store)) {
                keys.load(in, password);
            }
            KeyManagerFactory managers = KeyManagerFactory.getInstance(KeyManagerFactory.getDefaultAlgorithm());
            managers.init(keys, password);
            SSLContext context = SSLContext.getInstance("TLS");
            context.init(managers.getKeyManagers(), null, null);
            SSLServerSocket listener = (SSLServerSocket)
                    context.getServerSocketFactory().createServerSocket(0, 50, InetAddress.getLoopbackAddress());
            SSLParameters parameters = listener.getSSLParameters();
            parameters.setApplicationProtocols(new String[] {"h2"});
            listener.setSSLParameters(parameters);
            return new TlsServer(listener, stalls);
        } finally {
            Files.deleteIfExists(store);
            Files.deleteIfExists(folder);
        }
    }

    int port() {
        return listener.getLocalPort();
    }

    private void serve() {
        while (!listener.isClosed()) {
            try (SSLSocket socket = (SSLSocket) listener.accept()) {
                socket.startHandshake();
                while (stalls) {
                    held.add(listener.accept());
                }
            } catch (IOException e) {
                // Who speaks no TLS, or doesn't trust us, went away; the next one may come.
            }
        }
    }

    @Override
    public void close() throws IOException {
        listener.close();
        for (Socket socket : held) {
            socket.close();
        }
    }
}
