package io.connectctl.manager.cli;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.util.DefaultIndenter;
import com.fasterxml.jackson.core.util.DefaultPrettyPrinter;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.dataformat.yaml.YAMLFactory;
import com.fasterxml.jackson.dataformat.yaml.YAMLGenerator;
import io.connectctl.manager.api.v1.ServerList;
import io.connectctl.manager.api.v1.ServerView;
import io.connectctl.manager.client.Wire;
import java.io.PrintStream;
import java.util.List;

/** How data is printed: lower-case on the command line. */
enum OutputFormat {
    TABLE,
    JSON,
    YAML,
    NAME;

    /** The document every listing of servers prints, also for one server. */
    static ServerList list(List<ServerView> servers) {
        return new ServerList("connectctl/v1", "ServerList", servers);
    }

    /** Prints a document as JSON or YAML; names and tables are the command's own affair. */
    void print(PrintStream out, Object document) throws JsonProcessingException {
        out.print(this == YAML ? yaml(document) : json(document) + "\n");
        out.flush();
    }

    static String json(Object document) throws JsonProcessingException {
        DefaultPrettyPrinter printer = new DefaultPrettyPrinter();
        printer.indentArraysWith(DefaultIndenter.SYSTEM_LINEFEED_INSTANCE);
        return Wire.mapper().writer(printer).writeValueAsString(document);
    }

    static String yaml(Object document) throws JsonProcessingException {
        ObjectMapper yaml = new ObjectMapper(YAMLFactory.builder()
                .disable(YAMLGenerator.Feature.WRITE_DOC_START_MARKER)
                .enable(YAMLGenerator.Feature.MINIMIZE_QUOTES)
                .enable(YAMLGenerator.Feature.ALWAYS_QUOTE_NUMBERS_AS_STRINGS)
                .disable(YAMLGenerator.Feature.SPLIT_LINES)
                .build());
        return yaml.writeValueAsString(document);
    }
}
