package io.connectctl.compose.spec.lint;

import io.connectctl.compose.spec.Exposures;
import io.connectctl.compose.spec.Findings;
import io.connectctl.compose.spec.PortChoice;
import io.connectctl.compose.spec.Problem;
import io.connectctl.compose.spec.Problem.Severity;
import io.connectctl.compose.spec.ProjectFile;
import io.connectctl.compose.spec.Rule;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;

/** Ports that two of a file's servers, or one and the daemon, declare. */
final class Ports {
    private static final String UI = "/uiPort";
    private static final List<String> KEYS =
            List.of("spark.driver.port", "spark.blockManager.port", "spark.driver.blockManager.port");

    /** Who has a port, and as what. */
    private record Holder(String who, String what) {}

    private Ports() {}

    static List<Problem> check(ProjectFile file, List<Subject> servers) {
        Map<Integer, Holder> held = new LinkedHashMap<>();
        daemon(held, file.daemon().healthPort(), "healthPort");
        daemon(held, file.daemon().tcpPort(), "tcpPort");
        List<Problem> problems = new ArrayList<>();
        for (Subject server : servers) {
            Findings findings = new Findings("servers." + server.name(), server.declaration()).of(Rule.PORT_CLASH);
            one(server, server.spec().port(), "/port", "port", held, findings);
            one(server, server.spec().uiPort(), UI, "uiPort", held, findings);
            // A container's ports are its own, but for those that are published: a driver's, where executors reach it.
            boolean shared = !server.isContainer() || Exposures.opensDriver(server.spec());
            for (String key : shared ? KEYS : List.<String>of()) {
                String value = server.conf().getOrDefault(key, "").strip();
                if (value.matches("[1-9]\\d{3,4}")) {
                    claim(server, Integer.parseInt(value), Subject.pointer(key), key, held, findings);
                }
            }
            problems.addAll(findings.inOrder());
        }
        return problems;
    }

    private static void daemon(Map<Integer, Holder> held, OptionalInt port, String key) {
        port.ifPresent(number -> held.putIfAbsent(number, new Holder("the daemon", key)));
    }

    private static void one(
            Subject server,
            PortChoice choice,
            String pointer,
            String what,
            Map<Integer, Holder> held,
            Findings findings) {
        if (choice instanceof PortChoice.Fixed fixed) {
            claim(server, fixed.port(), pointer, what, held, findings);
        }
    }

    private static void claim(
            Subject server, int port, String pointer, String what, Map<Integer, Holder> held, Findings findings) {
        String who = "server " + server.name();
        Holder other = held.putIfAbsent(port, new Holder(who, what));
        // A port and the UI of one server, and the gRPC ports of two, are told by the readers.
        // The two keys of the block manager are one port: the driver's own wins.
        boolean told = other != null
                && ((other.what.equals("port") && what.equals("port"))
                        || (other.who.equals(who)
                                && (what.equals("port")
                                        || what.equals("uiPort")
                                        || (isBlockManager(what) && isBlockManager(other.what)))));
        if (other != null && !told) {
            boolean defaultUi = pointer.equals(UI) && !server.declares(UI);
            findings.value(
                    Severity.WARNING,
                    server.declares(pointer) ? pointer : "",
                    (defaultUi ? "uiPort is " + port + " by default, which " : port + " is what ")
                            + (other.who.equals(who)
                                    ? "its own " + other.what
                                    : other.who + " has for its " + other.what)
                            + (other.who.equals(who) ? " is" : "")
                            + " too" + (pointer.equals(UI) ? ": Spark moves its UI to another port unseen" : ""),
                    Optional.empty(),
                    pointer.equals(UI)
                            ? "give it one of its own, or write 'uiPort: auto' or 'off'"
                            : "give it one of its own");
        }
    }

    private static boolean isBlockManager(String key) {
        return key.endsWith("blockManager.port");
    }
}
