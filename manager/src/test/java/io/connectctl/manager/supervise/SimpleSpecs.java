package io.connectctl.manager.supervise;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.connectctl.compose.spec.Auth;
import io.connectctl.compose.spec.Declaration;
import io.connectctl.compose.spec.Expose;
import io.connectctl.compose.spec.HealthSpec;
import io.connectctl.compose.spec.MemorySize;
import io.connectctl.compose.spec.PortChoice;
import io.connectctl.compose.spec.Problem;
import io.connectctl.compose.spec.Readiness;
import io.connectctl.compose.spec.RestartSpec;
import io.connectctl.compose.spec.Secrets;
import io.connectctl.compose.spec.ServerName;
import io.connectctl.compose.spec.ServerSpec;
import io.connectctl.compose.spec.SparkVersion;
import io.connectctl.compose.spec.SpecReader;
import io.connectctl.compose.spec.StopSpec;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/** Reads {@code runtime}, {@code port}, {@code master}, {@code auth}, {@code env} and {@code health.minExecutors}, and takes {@code master: bad} for a problem. */
final class SimpleSpecs implements SpecSource {
    @Override
    public SpecReader.Reading read(ServerName name, Declaration declaration) {
        ObjectNode tree = declaration.tree();
        String master = tree.path("master").asText("local[*]");
        if (master.equals("bad")) {
            return new SpecReader.Reading(
                    Optional.empty(),
                    List.of(new Problem(
                            Problem.Severity.ERROR,
                            Optional.empty(),
                            "master",
                            "'bad' is no master",
                            Optional.empty())));
        }
        TreeMap<String, String> env = new TreeMap<>();
        tree.path("env")
                .properties()
                .forEach(entry -> env.put(entry.getKey(), entry.getValue().asText()));
        String port = tree.path("port").asText("15002");
        return new SpecReader.Reading(
                Optional.of(new ServerSpec(
                        name,
                        tree.path("runtime").asText("fake"),
                        SparkVersion.parse("4.0.1"),
                        master,
                        port.equals("auto") ? new PortChoice.Auto() : new PortChoice.Fixed(Integer.parseInt(port)),
                        new PortChoice.Fixed(4040),
                        MemorySize.parse("1g"),
                        Optional.empty(),
                        Optional.empty(),
                        List.of(),
                        new TreeMap<>(),
                        env,
                        new HealthSpec(
                                Readiness.SESSION,
                                Duration.ofSeconds(10),
                                Duration.ofSeconds(5),
                                Duration.ofMinutes(3),
                                3,
                                1,
                                tree.path("health").path("minExecutors").asInt(0)),
                        new RestartSpec(true, Duration.ofSeconds(1), Duration.ofMinutes(5), 10, Duration.ofMinutes(10)),
                        new StopSpec(Duration.ofSeconds(20), Duration.ZERO),
                        tree.path("auth").asText("none").equals("token") ? Auth.TOKEN : Auth.NONE,
                        Expose.LOOPBACK,
                        "default",
                        Optional.empty())),
                List.of());
    }

    @Override
    public SpecReader.Reading readAccepted(ServerName name, Declaration declaration) {
        return read(name, declaration);
    }

    @Override
    public Secrets.Split split(Declaration declaration) {
        ObjectNode tree = declaration.tree();
        Map<String, String> secrets = new HashMap<>();
        if (tree.get("env") instanceof ObjectNode env) {
            env.properties()
                    .forEach(entry -> secrets.put(
                            "/env/" + entry.getKey(), entry.getValue().asText()));
            secrets.keySet().forEach(pointer -> env.put(pointer.substring("/env/".length()), Secrets.REDACTED));
        }
        return new Secrets.Split(new Declaration(tree, declaration.places()), secrets);
    }

    @Override
    public Declaration join(Declaration declaration, Map<String, String> secrets) {
        ObjectNode tree = declaration.tree();
        if (tree.get("env") instanceof ObjectNode env) {
            secrets.forEach((pointer, value) -> env.put(pointer.substring("/env/".length()), value));
        }
        return new Declaration(tree, declaration.places());
    }
}
