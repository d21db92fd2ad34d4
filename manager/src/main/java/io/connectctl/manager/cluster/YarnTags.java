package io.connectctl.manager.cluster;

import io.connectctl.compose.spec.ServerName;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * By which tags an application is known to be a server's. YARN knows of no words that belong together, and finds applications that have
 * any of those asked for; so each tag says all that somebody will ask for at once. YARN writes tags in lower case.
 *
 * @param installation see {@code Installation}
 * @param server the server's name
 */
public record YarnTags(String installation, String server) {
    /** Anybody may tag an application as they like. */
    private static final Pattern SERVER =
            Pattern.compile("connectctl:([0-9a-f]{8}):(" + ServerName.PLAIN.pattern() + ")");

    /** On every application of an installation. */
    public static String ofInstallation(String installation) {
        return "connectctl:" + installation;
    }

    /** On every application of the server. */
    public String ofServer() {
        return (ofInstallation(installation) + ":" + server).toLowerCase(Locale.ROOT);
    }

    /** On the application of one incarnation. */
    public String ofIncarnation(int incarnation) {
        return ofServer() + ":" + incarnation;
    }

    /** All that an application gets, as {@code spark.yarn.tags} takes them. */
    public String forLaunch(int incarnation) {
        return String.join(",", List.of(ofInstallation(installation), ofServer(), ofIncarnation(incarnation)));
    }

    /** The server that an application's tags name; empty where it isn't this installation's. */
    public static Optional<ServerName> server(Set<String> tags, String installation) {
        return tags.stream()
                .map(SERVER::matcher)
                .filter(Matcher::matches)
                .filter(matcher -> matcher.group(1).equals(installation))
                .map(matcher -> new ServerName(matcher.group(2)))
                .findFirst();
    }
}
