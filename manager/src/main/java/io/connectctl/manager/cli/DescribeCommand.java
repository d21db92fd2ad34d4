package io.connectctl.manager.cli;

import com.fasterxml.jackson.databind.JsonNode;
import io.connectctl.compose.runtime.Inherited;
import io.connectctl.compose.runtime.PythonNote;
import io.connectctl.manager.api.v1.ContainerView;
import io.connectctl.manager.api.v1.DescribeView;
import io.connectctl.manager.api.v1.MemoryView;
import io.connectctl.manager.api.v1.PythonView;
import io.connectctl.manager.api.v1.RuntimeView;
import io.connectctl.manager.api.v1.ServerView;
import io.connectctl.manager.client.ApiClient;
import java.io.IOException;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;

/** {@code connectctl describe}. */
@Command(
        name = "describe",
        description = {
            "Show all that is known of a server.",
            "Its memory as arithmetic beside what it reports itself, from where it can be reached, whether Python UDFs can work, its folders and its whole declaration."
        },
        footerHeading = "%nExamples:%n",
        footer = {"  connectctl describe sales", "  connectctl describe sales -o yaml"})
final class DescribeCommand extends ServerCommand {
    @Mixin
    final OutputOption output = new OutputOption();

    DescribeCommand(CliContext context) {
        super(context);
    }

    @Override
    ExitCode execute() throws IOException, InterruptedException {
        ApiClient client = looking();
        DescribeView view = client.describe(serverName(client));
        switch (output.orTable()) {
            case JSON, YAML -> output.orTable().print(out(), view);
            case NAME -> out().println(view.server().name());
            case TABLE -> page(client, view);
        }
        return ExitCode.OK;
    }

    private void page(ApiClient client, DescribeView view) throws IOException, InterruptedException {
        ServerView server = view.server();
        ServerPage.lines(server, style(), context.clock().instant()).forEach(this::print);
        heading("Memory");
        print("  " + memory(server.memory()));
        if (view.runtime() != null) {
            runtime(view.runtime());
        }
        heading("Reach");
        if (server.exposures().isEmpty()) {
            print("  from this machine only");
        }
        server.exposures().forEach(exposure -> print("  " + style().warning("EXPOSED") + ": " + exposure));
        heading("Python");
        if (server.runtime().equals("docker")) {
            pythonOfImage(view.runtime());
        } else {
            python(client, view, server);
        }
        if (!view.notes().isEmpty()) {
            heading("Notes");
            view.notes().forEach(note -> print("  " + note));
        }
        heading("Folders");
        new TreeMap<>(view.folders()).forEach((name, folder) -> print("  " + pad(name) + folder));
        heading("Declaration, defaults filled in, secrets redacted");
        OutputFormat.yaml(view.declaration()).lines().forEach(line -> out().println("  " + line));
    }

    private void pythonOfImage(@Nullable RuntimeView runtime) {
        PythonView python = runtime == null ? null : runtime.python();
        if (python == null) {
            print("  Python UDFs run in the image's own python3, where it has one (looked at once it has a container);"
                    + " clients need the same version");
        } else {
            python(python.text(), python.works());
        }
    }

    private void python(String text, boolean works) {
        print("  " + (works ? "" : style().warning("warning") + ": ") + text);
    }

    private void python(ApiClient client, DescribeView view, ServerView server)
            throws IOException, InterruptedException {
        JsonNode sparkHome = view.declaration().get("sparkHome");
        PythonNote python = LocalPython.look(
                environment(client, view, server), server.sparkVersion(), sparkHome != null && !sparkHome.isNull());
        python(python.text(), python.works());
        if (view.declaration().path("conf").has("spark.pyspark.python")) {
            print("  " + style().warning("note")
                    + ": Spark Connect doesn't look at spark.pyspark.python; declare env: PYSPARK_PYTHON");
        }
    }

    /** What the server was started with, or would be: the daemon's environment, of which it inherits some, and the declared one. */
    private static Map<String, String> environment(ApiClient client, DescribeView view, ServerView server)
            throws IOException {
        Map<String, String> environment = server.pid() == null ? Map.of() : LocalPython.environment(server.pid());
        if (!environment.isEmpty()) {
            return environment;
        }
        Map<String, String> planned =
                Inherited.of(LocalPython.environment(client.daemon().pid()));
        view.declaration()
                .path("env")
                .properties()
                .forEach(each -> planned.put(each.getKey(), each.getValue().asText()));
        return planned;
    }

    private void runtime(RuntimeView runtime) {
        heading("Runtime");
        print("  " + runtime.name() + (runtime.why() == null ? "" : ", chosen at the first start: " + runtime.why()));
        ContainerView container = runtime.container();
        if (container != null) {
            print("  " + pad("image") + container.image());
            print("  " + pad("memory") + container.memory());
            print("  " + pad("hardening")
                    + (container.loosened().isEmpty()
                            ? "whole"
                            : style().warning("without " + String.join(", ", container.loosened()))));
        }
        runtime.remarks().forEach(remark -> print("  " + style().warning("note") + ": " + remark));
    }

    /** The arithmetic beside the observation: {@code (...) = 727.2 MiB; the UI reports 727.2 MiB}. */
    static String memory(MemoryView memory) {
        Long observed = memory.observedPoolBytes();
        if (observed == null) {
            return memory.explanation() + "; the UI wasn't asked (the server isn't up, or its UI is off)";
        }
        String differs = observed == memory.poolBytes()
                ? ""
                : " (a difference of " + (observed - memory.poolBytes())
                        + " bytes: another collector or memory.fraction is in force)";
        return memory.explanation() + "; the UI reports " + ServerPage.mebibytes(observed) + differs;
    }

    private void heading(String text) {
        out().println();
        print(style().strong(text));
    }

    private static String pad(String text) {
        return text + " ".repeat(Math.max(1, 11 - text.length()));
    }
}
