package io.connectctl.compose.runtime.docker;

import com.github.dockerjava.core.util.CertificateUtils;
import com.github.dockerjava.transport.SSLConfig;
import io.connectctl.compose.runtime.docker.EngineAddress.UnusableException;
import java.io.IOException;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.security.Provider;
import java.security.Security;
import java.security.cert.X509Certificate;
import javax.net.ssl.KeyManager;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.TrustManager;
import javax.net.ssl.TrustManagerFactory;
import javax.net.ssl.X509ExtendedTrustManager;
import org.bouncycastle.jce.provider.BouncyCastleProvider;
import org.jspecify.annotations.Nullable;

/** Reads the PEM files that docker's own command line uses. */
final class TlsContext {
    /** docker-java reads keys by this provider's name, and registers it only for configurations that it finds by itself. */
    private static final Provider PEM = new BouncyCastleProvider();

    private TlsContext() {}

    /**
     * What secures a connection to the engine.
     *
     * @throws UnusableException if there is no such folder, or a file in it can't be read or holds no certificate or key
     */
    static SSLConfig of(EngineAddress.Tls tls) throws UnusableException {
        // A context made with skip-tls-verify has none.
        if (tls.verify() && !Files.isDirectory(tls.folder())) {
            throw new UnusableException("there is no folder " + tls.folder()
                    + " with the certificates for the engine (ca.pem, cert.pem, key.pem): set DOCKER_CERT_PATH");
        }
        if (Security.getProvider(PEM.getName()) == null) {
            Security.addProvider(PEM);
        }
        try {
            SSLContext context = SSLContext.getInstance("TLS");
            context.init(keys(tls), trust(tls), null);
            return () -> context;
        } catch (IOException | GeneralSecurityException | RuntimeException e) {
            throw new UnusableException(
                    "the certificates in " + tls.folder() + " (ca.pem, cert.pem, key.pem) can't be used: "
                            + (e instanceof NoSuchFileException || e.getMessage() == null
                                    ? e.toString()
                                    : e.getMessage()),
                    e);
        }
    }

    private static KeyManager @Nullable [] keys(EngineAddress.Tls tls) throws GeneralSecurityException, IOException {
        Path certificate = tls.folder().resolve("cert.pem");
        Path key = tls.folder().resolve("key.pem");
        if (!Files.exists(certificate) || !Files.exists(key)) {
            return null;
        }
        KeyStore store;
        try {
            store = CertificateUtils.createKeyStore(text(key), text(certificate));
        } catch (IOException | GeneralSecurityException e) {
            throw e;
        } catch (Exception e) {
            throw new GeneralSecurityException(e);
        }
        KeyManagerFactory factory = KeyManagerFactory.getInstance(KeyManagerFactory.getDefaultAlgorithm());
        // The password that docker-java gives to the key in the store that it makes.
        factory.init(store, "docker".toCharArray());
        return factory.getKeyManagers();
    }

    /** Of the authority in ca.pem; where there is none, those that this Java trusts. */
    private static TrustManager[] trust(EngineAddress.Tls tls) throws GeneralSecurityException, IOException {
        if (!tls.verify()) {
            return new TrustManager[] {new Anybody()};
        }
        Path authority = tls.folder().resolve("ca.pem");
        TrustManagerFactory factory = TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
        KeyStore store = null;
        if (Files.exists(authority)) {
            try {
                store = CertificateUtils.createTrustStore(text(authority));
            } catch (IOException | GeneralSecurityException e) {
                throw e;
            } catch (Exception e) {
                throw new GeneralSecurityException(e);
            }
        }
        factory.init(store);
        return factory.getTrustManagers();
    }

    private static String text(Path file) throws IOException {
        return Files.readString(file, StandardCharsets.UTF_8);
    }

    /** For those who said so: DOCKER_TLS without DOCKER_TLS_VERIFY, or a context made with skip-tls-verify. */
    private static final class Anybody extends X509ExtendedTrustManager {
        @Override
        public void checkClientTrusted(X509Certificate[] chain, String type) {}

        @Override
        public void checkServerTrusted(X509Certificate[] chain, String type) {}

        @Override
        public void checkClientTrusted(X509Certificate[] chain, String type, @Nullable Socket socket) {}

        @Override
        public void checkServerTrusted(X509Certificate[] chain, String type, @Nullable Socket socket) {}

        @Override
        public void checkClientTrusted(X509Certificate[] chain, String type, @Nullable SSLEngine engine) {}

        @Override
        public void checkServerTrusted(X509Certificate[] chain, String type, @Nullable SSLEngine engine) {}

        @Override
        public X509Certificate[] getAcceptedIssuers() {
            return new X509Certificate[0];
        }
    }
}
