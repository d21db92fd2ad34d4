package io.connectctl.manager.cli;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.connectctl.compose.spec.Declaration;
import io.connectctl.compose.spec.Location;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import picocli.CommandLine.Option;

/** Of commands that patch what earlier ones stored: takes back what flags set. */
final class UnsetOption {
    @Option(
            names = "--unset",
            paramLabel = "KEY",
            description = "Take back what a flag of an earlier start set, so that its default holds again: a key as in"
                    + " connectctl.yaml, such as driverMemory, conf.spark.sql.ansi.enabled or env.TZ. Repeatable.")
    List<String> unset = new ArrayList<>();

    /**
     * The flags, and a null for each key that is taken back.
     *
     * @throws CliFailure USAGE for what is no key, or what a flag sets at the same time
     */
    Declaration with(Declaration flags) throws CliFailure {
        if (unset.isEmpty()) {
            return flags;
        }
        ObjectNode tree = flags.tree();
        Map<String, Location> places = new HashMap<>(flags.places());
        // Whole fields first: what is within one that goes needs no null of its own.
        for (String path : unset.stream()
                .sorted(Comparator.comparing((String each) -> each.contains(".")))
                .toList()) {
            String pointer = take(tree, path);
            places.put(pointer, Location.flag("--unset " + path));
        }
        return new Declaration(tree, places);
    }

    /** The first dot parts a field from a key within it: keys of Spark and names of variables have dots of their own. */
    private static String take(ObjectNode tree, String path) throws CliFailure {
        int dot = path.indexOf('.');
        String parent = dot < 0 ? path : path.substring(0, dot);
        String key = dot < 0 ? "" : path.substring(dot + 1);
        if (parent.isBlank() || (dot >= 0 && key.isBlank())) {
            throw CliFailure.usage(
                    "--unset '" + path + "' names no key", "write a key as in connectctl.yaml: --unset conf.spark.x");
        }
        String pointer = dot < 0 ? Declaration.pointer(parent) : Declaration.pointer(parent, key);
        if (tree.path(parent).isNull()) {
            return pointer;
        }
        if (!tree.at(pointer).isMissingNode() && !tree.at(pointer).isNull()) {
            throw CliFailure.usage(
                    "--unset " + path + " and a flag that sets it contradict each other", "leave one of them out");
        }
        if (dot < 0) {
            tree.putNull(parent);
        } else {
            (tree.get(parent) instanceof ObjectNode there ? there : tree.putObject(parent)).putNull(key);
        }
        return pointer;
    }
}
