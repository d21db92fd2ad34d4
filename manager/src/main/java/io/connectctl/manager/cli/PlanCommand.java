package io.connectctl.manager.cli;

import io.connectctl.compose.spec.Declaration;
import io.connectctl.manager.api.v1.PlanView;
import io.connectctl.manager.client.ApiClient;
import java.io.IOException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;

/** {@code connectctl plan}. */
@Command(
        name = "plan",
        description = {
            "Show what a restart or an apply would change, as key: old -> new; changes nothing.",
            "Takes the flags of start. Without NAME and flags: of every server that the connectctl.yaml declares.",
            "Exits with 0 if nothing would change, with 10 if something would, with 6 if they would refuse it: a server that runs isn't ended"
                    + " for what Spark surely refuses."
        },
        footerHeading = "%nExamples:%n",
        footer = {"  connectctl plan", "  connectctl plan sales --driver-memory 4g", "  connectctl plan sales -o json"})
final class PlanCommand extends DeclaringCommand {
    @Mixin
    final DeclarationOptions declarations = new DeclarationOptions();

    @Mixin
    final UnsetOption unset = new UnsetOption();

    @Mixin
    final OutputOption output = new OutputOption();

    PlanCommand(CliContext context) {
        super(context);
    }

    @Override
    ExitCode execute() throws IOException {
        Declaration flags = unset.with(declarations.declaration(context));
        Project project = Project.find(context, file());
        warn(project.warnings());
        ApiClient client = client();
        // A file that declares none means none, as for apply.
        List<String> servers = name == null && flags.isEmpty() && project.file().isPresent()
                ? project.names()
                : List.of(project.serverName(name, client));
        Map<String, PlanView> plans = new LinkedHashMap<>();
        for (String server : servers) {
            Optional<Declaration> declared = declaredIn(project, server);
            if (declared.isPresent()) {
                check(project, server, declared.get(), flags);
            } else if (flags.isEmpty()
                    && !project.names().isEmpty()
                    && find(client, server).isEmpty()) {
                throw project.noSuchServer(server, Launching.names(client), "plan");
            }
            plans.put(server, plan(client, project, server, declared, flags));
        }
        List<String> gone = name == null ? ApplyCommand.undeclared(client, project) : List.of();
        show(plans, gone);
        FirstFailure refusals = new FirstFailure(this);
        for (PlanView plan : plans.values()) {
            refusals.goOn(() -> worthEnding(plan, flags));
        }
        refusals.rethrow();
        return gone.isEmpty()
                        && plans.values().stream()
                                .allMatch(plan -> plan.changes().isEmpty() && plan.known())
                ? ExitCode.OK
                : ExitCode.CHANGES;
    }

    private void show(Map<String, PlanView> plans, List<String> gone) throws IOException {
        switch (output.orTable()) {
            case JSON, YAML ->
                output.orTable()
                        .print(
                                out(),
                                Map.of(
                                        "apiVersion",
                                        "connectctl/v1",
                                        "kind",
                                        "PlanList",
                                        "plans",
                                        new ArrayList<>(plans.values()),
                                        "undeclared",
                                        gone));
            case NAME ->
                plans.values().stream()
                        .filter(plan -> !plan.known() || !plan.changes().isEmpty())
                        .forEach(plan -> out().println(plan.server()));
            case TABLE -> {
                plans.values().forEach(this::table);
                gone.forEach(
                        server -> out().println(server + ": no longer declared (connectctl apply --prune removes it)"));
            }
        }
    }

    private void table(PlanView plan) {
        warnOfNew(plan.warnings(), Declaration.empty());
        if (!plan.known()) {
            out().println(plan.server() + ": new");
        } else if (plan.changes().isEmpty()) {
            say(plan.server() + ": no change");
        } else {
            out().println(plan.server() + ": "
                    + (plan.running() ? "to be restarted" : "doesn't run; from its next start on"));
        }
        Changes.lines(plan.changes()).forEach(line -> print("  " + line));
    }
}
