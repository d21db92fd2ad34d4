package io.connectctl.compose.render;

import io.connectctl.compose.spec.ServerSpec;
import java.util.List;
import java.util.Map;

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

    /** Without environment and files: they may hold secrets. */
    @Override
    public String toString() {
        return spec.name() + " " + ticket + " " + command;
    }
}
