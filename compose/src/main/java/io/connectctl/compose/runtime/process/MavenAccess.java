package io.connectctl.compose.runtime.process;

import io.connectctl.compose.runtime.LaunchException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Properties;
import java.util.Set;
import java.util.regex.Pattern;
import org.apache.maven.model.io.xpp3.MavenXpp3Reader;
import org.apache.maven.settings.Mirror;
import org.apache.maven.settings.Profile;
import org.apache.maven.settings.Proxy;
import org.apache.maven.settings.Repository;
import org.apache.maven.settings.Server;
import org.apache.maven.settings.Settings;
import org.apache.maven.settings.building.DefaultSettingsBuilderFactory;
import org.apache.maven.settings.building.DefaultSettingsBuildingRequest;
import org.apache.maven.settings.building.SettingsBuildingException;
import org.apache.maven.settings.crypto.DefaultSettingsDecrypter;
import org.apache.maven.settings.crypto.DefaultSettingsDecryptionRequest;
import org.apache.maven.settings.crypto.SettingsDecryptionResult;
import org.codehaus.plexus.util.xml.pull.XmlPullParserException;
import org.eclipse.aether.RepositorySystem;
import org.eclipse.aether.RepositorySystemSession;
import org.eclipse.aether.RepositorySystemSession.CloseableSession;
import org.eclipse.aether.repository.Authentication;
import org.eclipse.aether.repository.RemoteRepository;
import org.eclipse.aether.repository.RepositoryPolicy;
import org.eclipse.aether.supplier.SessionBuilderSupplier;
import org.eclipse.aether.transfer.TransferListener;
import org.eclipse.aether.util.repository.AuthenticationBuilder;
import org.eclipse.aether.util.repository.DefaultAuthenticationSelector;
import org.eclipse.aether.util.repository.DefaultMirrorSelector;
import org.eclipse.aether.util.repository.DefaultProxySelector;
import org.eclipse.aether.util.repository.JreProxySelector;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.sonatype.plexus.components.cipher.PBECipher;
import org.sonatype.plexus.components.cipher.PlexusCipherException;
import org.sonatype.plexus.components.sec.dispatcher.SecDispatcherException;
import org.sonatype.plexus.components.sec.dispatcher.SecUtil;

/**
 * Reaches Maven repositories the way the user's own Maven does: mirrors, proxies, credentials, offline, local repository and
 * the repositories of active profiles come from the settings.xml of the user and of the installed Maven.
 *
 * <p>Of profiles those count that {@code activeProfiles} names or that are active by default; other activations aren't evaluated.
 */
final class MavenAccess {
    private static final Logger LOG = LoggerFactory.getLogger(MavenAccess.class);

    /** How long a repository may be silent: a dead proxy should be told within a minute, retries included. */
    private static final int SILENCE_MILLIS = 20_000;

    /** What stands before the host in a URL. A password may hold an {@code @} itself, so up to the last one. */
    private static final Pattern USER_INFO = Pattern.compile("://[^/\\s]*@");

    private final Settings settings;
    private final Path home;
    private final Path localRepository;
    private final Map<String, String> environment;

    private MavenAccess(Settings settings, Path home, Path localRepository, Map<String, String> environment) {
        this.settings = settings;
        this.home = home;
        this.localRepository = localRepository;
        this.environment = environment;
    }

    /** Reads the settings. */
    static MavenAccess of(Map<String, String> environment) throws LaunchException {
        Path home = Path.of(environment.getOrDefault("HOME", System.getProperty("user.home")));
        // Maven itself goes by the user's record, whatever HOME says.
        Path recorded = Path.of(System.getProperty("user.home"), ".m2/settings.xml");
        Path own = home.resolve(".m2/settings.xml");
        Path user = Files.exists(own) ? own : recorded;
        DefaultSettingsBuildingRequest request = new DefaultSettingsBuildingRequest();
        request.setSystemProperties(properties(environment, home));
        if (Files.exists(user)) {
            request.setUserSettingsFile(user.toFile());
        }
        installed(environment).ifPresent(file -> request.setGlobalSettingsFile(file.toFile()));
        Settings settings;
        try {
            settings = new DefaultSettingsBuilderFactory()
                    .newInstance()
                    .build(request)
                    .getEffectiveSettings();
        } catch (SettingsBuildingException e) {
            throw new LaunchException(
                    "SPARK_UNRESOLVABLE",
                    plain("Maven's settings can't be read: " + e.getMessage()),
                    "correct " + user + "; mvn help:effective-settings shows whether Maven itself accepts it",
                    false,
                    plain(e));
        }
        decrypt(settings, home);
        String property = System.getProperty("maven.repo.local");
        String declared = property != null ? property : settings.getLocalRepository();
        Path local = declared == null || declared.isBlank() ? home.resolve(".m2/repository") : Path.of(declared);
        return new MavenAccess(settings, home, local, environment);
    }

    private static Properties properties(Map<String, String> environment, Path home) {
        Properties properties = new Properties();
        properties.putAll(System.getProperties());
        properties.setProperty("user.home", home.toString());
        environment.forEach((name, value) -> properties.setProperty("env." + name, value));
        return properties;
    }

    private static Optional<Path> installed(Map<String, String> environment) {
        List<Path> candidates = new ArrayList<>();
        for (String variable : List.of("MAVEN_HOME", "M2_HOME")) {
            String home = environment.get(variable);
            if (home != null && !home.isBlank()) {
                candidates.add(Path.of(home, "conf/settings.xml"));
            }
        }
        onPath(environment.getOrDefault("PATH", "")).ifPresent(candidates::add);
        candidates.add(Path.of("/usr/share/maven/conf/settings.xml"));
        candidates.add(Path.of("/etc/maven/settings.xml"));
        return candidates.stream().filter(Files::isReadable).findFirst();
    }

    /** Those of the mvn that people call, which finds them from where its script lies once links are followed; wherever it was unpacked. */
    private static Optional<Path> onPath(String path) {
        for (String folder : path.split(":", -1)) {
            Path mvn = Path.of(folder, "mvn");
            if (!folder.isEmpty() && Files.isExecutable(mvn) && !Files.isDirectory(mvn)) {
                try {
                    return Optional.of(
                            mvn.toRealPath().resolve("../../conf/settings.xml").normalize());
                } catch (IOException e) {
                    return Optional.empty(); // A link into nowhere, which isn't executable: it went just now.
                }
            }
        }
        return Optional.empty();
    }

    private static void decrypt(Settings settings, Path home) {
        Path security = home.resolve(".m2/settings-security.xml");
        if (!Files.exists(security)) {
            return;
        }
        SettingsDecryptionResult plain = new DefaultSettingsDecrypter(text -> decrypt(text, security))
                .decrypt(new DefaultSettingsDecryptionRequest(settings));
        settings.setServers(plain.getServers());
        settings.setProxies(plain.getProxies());
        plain.getProblems().forEach(problem -> LOG.warn("Maven's settings: {}", problem.getMessage()));
    }

    /** Maven's own scheme: {@code {...}} is encrypted with the master password, that one with a fixed word. */
    private static String decrypt(String text, Path security) throws SecDispatcherException {
        if (!text.contains("{") || !text.contains("}")) {
            return text;
        }
        try {
            PBECipher cipher = new PBECipher();
            String master = SecUtil.read(security.toString(), true).getMaster();
            return cipher.decrypt64(braced(text), cipher.decrypt64(braced(master), "settings.security"));
        } catch (PlexusCipherException e) {
            throw new SecDispatcherException(
                    "a password can't be decrypted with the master password of " + security, e);
        }
    }

    private static String braced(String text) {
        return text.substring(text.indexOf('{') + 1, text.lastIndexOf('}'));
    }

    /** True if the settings forbid the network. */
    boolean offline() {
        return settings.isOffline();
    }

    /** Where Maven keeps what it fetched. */
    Path localRepository() {
        return localRepository;
    }

    /** A message without the user names and passwords that URLs in it hold. */
    static String plain(String text) {
        return USER_INFO.matcher(text).replaceAll("://");
    }

    /** An exception that can be logged: itself, or where a message of it or its causes holds a password, a copy without. */
    static Exception plain(Exception e) {
        boolean clean = true;
        for (Throwable at = e; at != null; at = at.getCause()) {
            // Its own words hold those of its causes, and of the exceptions that it only lists.
            String words = at.toString();
            clean &= words.equals(plain(words));
        }
        return clean ? e : copy(e);
    }

    private static IOException copy(Throwable e) {
        Throwable cause = e.getCause();
        IOException copy = new IOException(plain(e.toString()), cause == null ? null : copy(cause));
        copy.setStackTrace(e.getStackTrace());
        return copy;
    }

    /** Names of repositories and mirrors that are asked, for messages. */
    String asked(RepositorySystem system, RepositorySystemSession session) {
        return String.join(
                ", ",
                repositories(system, session).stream()
                        .map(repository -> repository.getId() + " (" + plain(repository.getUrl()) + ")")
                        .toList());
    }

    CloseableSession session(RepositorySystem system, TransferListener listener) {
        DefaultMirrorSelector mirrors = new DefaultMirrorSelector();
        for (Mirror mirror : settings.getMirrors()) {
            mirrors.add(
                    mirror.getId(),
                    mirror.getUrl(),
                    mirror.getLayout(),
                    false,
                    mirror.isBlocked(),
                    mirror.getMirrorOf(),
                    mirror.getMirrorOfLayouts());
        }
        DefaultAuthenticationSelector authentications = new DefaultAuthenticationSelector();
        for (Server server : settings.getServers()) {
            authentications.add(server.getId(), authentication(server));
        }
        return new SessionBuilderSupplier(system)
                .get()
                .withLocalRepositoryBaseDirectories(localRepository)
                .setSystemProperties(properties(environment, home))
                .setOffline(settings.isOffline())
                .setMirrorSelector(mirrors)
                .setAuthenticationSelector(authentications)
                .setProxySelector(proxies())
                .setTransferListener(listener)
                // Spark's parent POM names repositories that mirror others and can't be reached everywhere: asking them
                // makes a
                // failure slow and its message misleading.
                .setIgnoreArtifactDescriptorRepositories(true)
                .setChecksumPolicy(RepositoryPolicy.CHECKSUM_POLICY_FAIL)
                .setConfigProperty("aether.transport.http.connectTimeout", SILENCE_MILLIS)
                .setConfigProperty("aether.transport.http.requestTimeout", SILENCE_MILLIS)
                .setConfigProperty("aether.transport.http.retryHandler.count", 2)
                .build();
    }

    private org.eclipse.aether.repository.ProxySelector proxies() {
        boolean any = settings.getProxies().stream().anyMatch(Proxy::isActive);
        if (!any) {
            return new JreProxySelector(); // http.proxyHost and the like, if the daemon was started with them
        }
        DefaultProxySelector proxies = new DefaultProxySelector();
        for (Proxy proxy : settings.getProxies()) {
            if (proxy.isActive()) {
                Authentication authentication = new AuthenticationBuilder()
                        .addUsername(proxy.getUsername())
                        .addPassword(proxy.getPassword())
                        .build();
                proxies.add(
                        new org.eclipse.aether.repository.Proxy(
                                proxy.getProtocol(), proxy.getHost(), proxy.getPort(), authentication),
                        proxy.getNonProxyHosts());
            }
        }
        return proxies;
    }

    private static Authentication authentication(Server server) {
        return new AuthenticationBuilder()
                .addUsername(server.getUsername())
                .addPassword(server.getPassword())
                .addPrivateKey(server.getPrivateKey(), server.getPassphrase())
                .build();
    }

    /** Maven Central and the repositories of active profiles, seen through mirrors, proxies and credentials. */
    List<RemoteRepository> repositories(RepositorySystem system, RepositorySystemSession session) {
        List<RemoteRepository> all = new ArrayList<>();
        Set<String> active = new HashSet<>(settings.getActiveProfiles());
        for (Profile profile : settings.getProfiles()) {
            boolean byDefault =
                    profile.getActivation() != null && profile.getActivation().isActiveByDefault();
            if (active.contains(profile.getId()) || byDefault) {
                for (Repository repository : profile.getRepositories()) {
                    all.add(new RemoteRepository.Builder(
                                    repository.getId(), layout(repository.getLayout()), repository.getUrl())
                            .setReleasePolicy(policy(repository.getReleases()))
                            .setSnapshotPolicy(policy(repository.getSnapshots()))
                            .build());
                }
            }
        }
        if (all.stream().noneMatch(repository -> repository.getId().equals("central"))) {
            all.add(central());
        }
        return system.newResolutionRepositories(session, all);
    }

    private static String layout(@Nullable String declared) {
        return declared == null || declared.isBlank() ? "default" : declared;
    }

    private static RepositoryPolicy policy(org.apache.maven.settings.@Nullable RepositoryPolicy declared) {
        boolean enabled = declared == null || declared.isEnabled();
        String updates = declared == null || declared.getUpdatePolicy() == null
                ? RepositoryPolicy.UPDATE_POLICY_DAILY
                : declared.getUpdatePolicy();
        return new RepositoryPolicy(enabled, updates, RepositoryPolicy.CHECKSUM_POLICY_FAIL);
    }

    /** Maven Central as Maven's own super POM names it. */
    private static RemoteRepository central() {
        try (InputStream pom = MavenXpp3Reader.class.getResourceAsStream("/org/apache/maven/model/pom-4.0.0.xml")) {
            if (pom == null) {
                throw new IllegalStateException("Maven's super POM is missing in this installation");
            }
            org.apache.maven.model.Repository central =
                    new MavenXpp3Reader().read(pom).getRepositories().get(0);
            return new RemoteRepository.Builder(central.getId(), layout(central.getLayout()), central.getUrl())
                    .setReleasePolicy(new RepositoryPolicy(
                            true, RepositoryPolicy.UPDATE_POLICY_DAILY, RepositoryPolicy.CHECKSUM_POLICY_FAIL))
                    .setSnapshotPolicy(new RepositoryPolicy(
                            false, RepositoryPolicy.UPDATE_POLICY_NEVER, RepositoryPolicy.CHECKSUM_POLICY_FAIL))
                    .build();
        } catch (IOException | XmlPullParserException e) {
            throw new IllegalStateException("Maven's super POM can't be read", e);
        }
    }
}
