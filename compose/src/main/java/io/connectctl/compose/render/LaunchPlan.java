package io.connectctl.compose.render;

import io.connectctl.compose.spec.ServerSpec;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * Everything a runtime needs to launch one instance.
 *
 * @param spec the declaration it was made from
 * @param site where things lie
 * @param ticket the incarnation
 * @param rendering the files to put into the conf folder, readable by the owner only
 * @param command what to run, relative to nothing: absolute paths as the site sees them; holds no secret
 * @param environment the server's whole environment; may hold secrets
 */
public record LaunchPlan(
        ServerSpec spec,
        Site site,
        LaunchTicket ticket,
        Rendering rendering,
        List<String> command,
        Map<String, String> environment) {
    public LaunchPlan {
        command = List.copyOf(command);
        environment = Map.copyOf(environment);
    }

    /** The variable that names a java argument file about a class data archive to the entrypoint. */
    private static final String ARCHIVE = "CONNECTCTL_ARCHIVE";

    /**
     * The same launch with a class data archive. It comes through the environment and not through the rendered files: what a
     * cache holds is no part of what was declared, so the fingerprint doesn't know of it and no archive asks for a restart.
     *
     * @param options a java argument file, as the site sees it
     */
    public LaunchPlan with(Path options) {
        Map<String, String> more = new TreeMap<>(environment);
        more.put(ARCHIVE, options.toString());
        return new LaunchPlan(spec, site, ticket, rendering, command, more);
    }

    /** The same launch with more variables: what the machine or the moment tells, and nobody declared. */
    public LaunchPlan with(Map<String, String> variables) {
        Map<String, String> more = new TreeMap<>(environment);
        more.putAll(variables);
        return new LaunchPlan(spec, site, ticket, rendering, command, more);
    }

    /** The rendered files that put the conf folder on the server's class path, such as hive-site.xml; empty for most servers. */
    public List<String> classPathFiles() {
        return rendering.files().stream()
                .map(RenderedFile::name)
                .filter(ClassPath::isFor)
                .toList();
    }

    /** Without environment and files: they may hold secrets. */
    @Override
    public String toString() {
        return spec.name() + " " + ticket + " " + command;
    }
}
