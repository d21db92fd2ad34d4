package io.connectctl.manager.cli;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.connectctl.manager.api.v1.PoolList;
import io.connectctl.manager.api.v1.PoolView;
import java.io.IOException;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;

/** {@code connectctl pool list}. */
@Command(
        name = "list",
        description =
                "Show every pool: how many of its spares are ready, on their way, handed out, and how often there was none.",
        footerHeading = "%nExamples:%n",
        footer = {"  connectctl pool list", "  connectctl pool list -o json"})
final class PoolListCommand extends CliCommand {
    @Mixin
    final OutputOption output = new OutputOption();

    PoolListCommand(CliContext context) {
        super(context);
    }

    @Override
    ExitCode execute() throws IOException {
        PoolList pools = looking().pools();
        switch (output.orTable()) {
            case JSON, YAML -> output.orTable().print(out(), document(pools));
            case NAME -> pools.pools().forEach(pool -> out().println(pool.name()));
            case TABLE -> table(pools);
        }
        return ExitCode.OK;
    }

    private static ObjectNode document(PoolList pools) {
        ObjectNode json = JsonNodeFactory.instance.objectNode();
        ArrayNode list = json.putArray("pools");
        for (PoolView pool : pools.pools()) {
            list.addObject()
                    .put("name", pool.name())
                    .put("size", pool.size())
                    .put("ready", pool.ready())
                    .put("starting", pool.starting())
                    .put("claimed", pool.claimed())
                    .put("misses", pool.misses());
        }
        return json;
    }

    private void table(PoolList pools) {
        if (pools.pools().isEmpty()) {
            say("no pools");
            return;
        }
        TextTable table = new TextTable(
                new TextTable.Column("POOL", 0),
                new TextTable.Column("SIZE", 4),
                new TextTable.Column("READY", 0),
                new TextTable.Column("STARTING", 3),
                new TextTable.Column("CLAIMED", 2),
                new TextTable.Column("MISSES", 1));
        for (PoolView pool : pools.pools()) {
            table.row(
                    pool.name(),
                    Integer.toString(pool.size()),
                    Integer.toString(pool.ready()),
                    Integer.toString(pool.starting()),
                    Integer.toString(pool.claimed()),
                    Long.toString(pool.misses()));
        }
        table.lines(context.terminal().outColumns()).forEach(out()::println);
        for (PoolView pool : pools.pools()) {
            if (pool.trouble() != null) {
                warn("pool " + pool.name() + ": its last spare failed: " + pool.trouble());
            }
        }
    }
}
