package io.connectctl.compose.runtime.docker;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.connectctl.compose.runtime.RuntimeUnavailableException;
import java.io.IOException;
import java.math.BigInteger;
import java.net.InetAddress;
import java.net.Socket;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.KeyStore;
import java.security.MessageDigest;
import java.security.cert.Certificate;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.time.Instant;
import java.util.Date;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.Map;
import java.util.Objects;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLServerSocket;
import javax.net.ssl.TrustManagerFactory;
import org.bouncycastle.asn1.x500.X500Name;
import org.bouncycastle.asn1.x509.BasicConstraints;
import org.bouncycastle.asn1.x509.Extension;
import org.bouncycastle.asn1.x509.GeneralName;
import org.bouncycastle.asn1.x509.GeneralNames;
import org.bouncycastle.cert.jcajce.JcaX509CertificateConverter;
import org.bouncycastle.cert.jcajce.JcaX509v3CertificateBuilder;
import org.bouncycastle.openssl.jcajce.JcaPEMWriter;
import org.bouncycastle.operator.jcajce.JcaContentSignerBuilder;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * A real engine behind TLS that wants to know its clients, named as docker's own command line lets it be. The TLS is this
 * test's own, before the engine's socket: an engine of its own that listens on a port here would take this machine's bridge.
 */
@Timeout(120)
class TlsEngineTest {
    @TempDir
    static Path root = Path.of("set by JUnit");

    private static @Nullable SSLServerSocket door;
    private static int port;

    /** A certificate and the key of whom it names. */
    private record Identity(KeyPair keys, X509Certificate certificate) {}

    @BeforeAll
    static void start() throws Exception {
        DockerFixture.require();
        Path file = EngineAddress.find(DockerFixture.environment()).socketFile();
        assumeTrue(file != null, "the engine has no socket here");
        Path socket = Objects.requireNonNull(file);
        Identity authority = authority("those who may");
        Identity engine = certificates("engine", authority);
        certificates("client", authority);
        certificates("stranger", authority("somebody else"));
        SSLServerSocket listening = (SSLServerSocket) context(engine, authority)
                .getServerSocketFactory()
                .createServerSocket(0, 50, InetAddress.getLoopbackAddress());
        listening.setNeedClientAuth(true);
        door = listening;
        port = listening.getLocalPort();
        daemon(() -> {
            while (!listening.isClosed()) {
                Socket client = listening.accept();
                SocketChannel behind = SocketChannel.open(UnixDomainSocketAddress.of(socket));
                daemon(() -> {
                    try (client;
                            behind) {
                        byte[] bytes = new byte[8192];
                        for (int n; (n = client.getInputStream().read(bytes)) >= 0; ) {
                            behind.write(ByteBuffer.wrap(bytes, 0, n));
                        }
                    }
                });
                daemon(() -> {
                    try (client;
                            behind) {
                        ByteBuffer bytes = ByteBuffer.allocate(8192);
                        while (behind.read(bytes.clear()) >= 0) {
                            client.getOutputStream().write(bytes.array(), 0, bytes.position());
                        }
                    }
                });
            }
        });
    }

    @AfterAll
    static void end() throws Exception {
        SSLServerSocket open = door;
        if (open != null) {
            open.close();
        }
    }

    /** What one side of a connection does; it ends when either side is closed. */
    @FunctionalInterface
    private interface Pump {
        void run() throws IOException;
    }

    private static void daemon(Pump pump) {
        Thread thread = new Thread(() -> {
            try {
                pump.run();
            } catch (IOException e) {
                // Refused, or over: what the client is told is what the test looks at.
            }
        });
        thread.setDaemon(true);
        thread.start();
    }

    private static SSLContext context(Identity engine, Identity authority) throws Exception {
        char[] password = "password".toCharArray();
        KeyStore own = KeyStore.getInstance("PKCS12");
        own.load(null, password);
        own.setKeyEntry("engine", engine.keys().getPrivate(), password, new Certificate[] {engine.certificate()});
        own.setCertificateEntry("authority", authority.certificate());
        KeyManagerFactory keys = KeyManagerFactory.getInstance(KeyManagerFactory.getDefaultAlgorithm());
        keys.init(own, password);
        TrustManagerFactory trust = TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
        trust.init(own);
        SSLContext context = SSLContext.getInstance("TLS");
        context.init(keys.getKeyManagers(), trust.getTrustManagers(), null);
        return context;
    }

    @Test
    void environmentNamesItsCertificates() throws Exception {
        assertAnswers(environment(Map.of("DOCKER_TLS_VERIFY", "1", "DOCKER_CERT_PATH", folder("client"))));
    }

    @Test
    void contextBringsItsCertificates() throws Exception {
        Path settings = root.resolve("docker");
        String digest = HexFormat.of()
                .formatHex(MessageDigest.getInstance("SHA-256").digest("far".getBytes(StandardCharsets.UTF_8)));
        Path meta = Files.createDirectories(settings.resolve("contexts/meta").resolve(digest));
        Path tls = Files.createDirectories(
                settings.resolve("contexts/tls").resolve(digest).resolve("docker"));
        Files.writeString(settings.resolve("config.json"), "{\"currentContext\": \"far\"}");
        Files.writeString(
                meta.resolve("meta.json"),
                "{\"Name\":\"far\",\"Metadata\":{},\"Endpoints\":{\"docker\":{\"Host\":\"tcp://127.0.0.1:" + port
                        + "\",\"SkipTLSVerify\":false}}}");
        for (String file : new String[] {"ca.pem", "cert.pem", "key.pem"}) {
            Files.copy(root.resolve("client").resolve(file), tls.resolve(file));
        }

        assertAnswers(Map.of("DOCKER_CONFIG", settings.toString(), "HOME", root.toString()));
    }

    @Test
    void unverifiedEngineIsTakenOnlyByThoseWhoSaySo() throws Exception {
        Path odd = Files.createDirectories(root.resolve("odd"));
        Files.copy(root.resolve("client/cert.pem"), odd.resolve("cert.pem"));
        Files.copy(root.resolve("client/key.pem"), odd.resolve("key.pem"));
        Files.copy(root.resolve("stranger/ca.pem"), odd.resolve("ca.pem"));

        assertAnswers(environment(Map.of("DOCKER_TLS", "1", "DOCKER_CERT_PATH", odd.toString())));
        assertRefused(
                environment(Map.of("DOCKER_TLS_VERIFY", "1", "DOCKER_CERT_PATH", odd.toString())),
                "the TLS handshake failed",
                odd.toString());
    }

    @Test
    void unknownClientIsToldWhichCertificatesItHas() {
        assertRefused(
                environment(Map.of("DOCKER_TLS", "1", "DOCKER_CERT_PATH", folder("stranger"))), folder("stranger"));
    }

    @Test
    void missingFolderIsNamed() {
        String nowhere = root.resolve("nowhere").toString();
        assertRefused(
                environment(Map.of("DOCKER_TLS_VERIFY", "1", "DOCKER_CERT_PATH", nowhere)),
                "there is no folder " + nowhere);
    }

    @Test
    void brokenCertificateIsNamed() throws Exception {
        Path broken = Files.createDirectories(root.resolve("broken"));
        Files.copy(root.resolve("client/cert.pem"), broken.resolve("cert.pem"));
        Files.writeString(broken.resolve("key.pem"), "not a key\n");
        assertRefused(
                environment(Map.of("DOCKER_TLS_VERIFY", "1", "DOCKER_CERT_PATH", broken.toString())),
                "certificates in " + broken);
    }

    private static Map<String, String> environment(Map<String, String> more) {
        Map<String, String> environment = new HashMap<>(more);
        environment.put("DOCKER_HOST", "tcp://127.0.0.1:" + port);
        environment.put("HOME", root.toString());
        return environment;
    }

    private static String folder(String whose) {
        return root.resolve(whose).toString();
    }

    private static void assertAnswers(Map<String, String> environment) throws Exception {
        try (Engine engine = new Engine(environment)) {
            assertThat(engine.version().major()).isPositive();
            // On a second connection, which takes up the session of the first.
            engine.stream("listening", "/events?since=0&until=1", stream -> assertThat(stream.readAllBytes())
                    .isEmpty());
            assertThat(engine.get("counting", Duration.ofSeconds(20), "/info")
                            .path("Containers")
                            .isInt())
                    .isTrue();
        }
    }

    private static void assertRefused(Map<String, String> environment, String... words) {
        try (Engine engine = new Engine(environment)) {
            assertThatThrownBy(engine::version)
                    .isInstanceOf(RuntimeUnavailableException.class)
                    .satisfies(e -> assertThat(e.getMessage()).contains(words));
        }
    }

    private static Identity authority(String name) throws Exception {
        KeyPair keys = keys();
        return new Identity(keys, certificate(name, keys, name, keys, true));
    }

    /** The three files that docker's command line wants; the key as older openssl wrote it. */
    private static Identity certificates(String whose, Identity authority) throws Exception {
        Path folder = Files.createDirectories(root.resolve(whose));
        KeyPair keys = keys();
        String issuer = authority.certificate().getSubjectX500Principal().getName();
        pem(folder.resolve("ca.pem"), authority.certificate());
        X509Certificate certificate = certificate(whose, keys, issuer.replace("CN=", ""), authority.keys(), false);
        pem(folder.resolve("cert.pem"), certificate);
        pem(folder.resolve("key.pem"), keys.getPrivate());
        return new Identity(keys, certificate);
    }

    private static KeyPair keys() throws Exception {
        KeyPairGenerator generator = KeyPairGenerator.getInstance("RSA");
        generator.initialize(2048);
        return generator.generateKeyPair();
    }

    private static X509Certificate certificate(
            String name, KeyPair keys, String issuer, KeyPair issuerKeys, boolean authority) throws Exception {
        Instant now = Instant.now();
        JcaX509v3CertificateBuilder builder = new JcaX509v3CertificateBuilder(
                new X500Name("CN=" + issuer),
                BigInteger.valueOf(now.toEpochMilli()),
                Date.from(now.minus(Duration.ofDays(1))),
                Date.from(now.plus(Duration.ofDays(1))),
                new X500Name("CN=" + name),
                keys.getPublic());
        builder.addExtension(Extension.basicConstraints, true, new BasicConstraints(authority));
        builder.addExtension(
                Extension.subjectAlternativeName,
                false,
                new GeneralNames(new GeneralName(GeneralName.iPAddress, "127.0.0.1")));
        return new JcaX509CertificateConverter()
                .getCertificate(
                        builder.build(new JcaContentSignerBuilder("SHA256withRSA").build(issuerKeys.getPrivate())));
    }

    private static void pem(Path file, Object what) throws Exception {
        try (JcaPEMWriter writer = new JcaPEMWriter(Files.newBufferedWriter(file))) {
            writer.writeObject(what);
        }
    }
}
