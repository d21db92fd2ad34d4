package io.connectctl.compose.render;

import io.connectctl.compose.spec.ServerSpec;
import java.nio.file.Path;
import java.util.Optional;

/** Renders a server's files from templates and makes its launch plan. */
public final class Composer {
    private final Optional<Path> profiles;

    /**
     * @param profiles folder of the user's profiles ({@code CONFIG/templates}); a folder in it with the declared profile's
     *     name wins file by file over the built-in templates
     */
    public Composer(Optional<Path> profiles) {
        this.profiles = profiles;
    }

    /**
     * The files of a server.
     *
     * @throws RenderException if a template can't be read, uses an unknown variable, or is malformed; names file and line
     */
    public Rendering render(ServerSpec spec, Site site) throws RenderException {
        throw new UnsupportedOperationException("skeleton: " + spec.name() + site + profiles);
    }

    /** The files as they may be shown: every secret value replaced. */
    public Rendering preview(ServerSpec spec, Site site) throws RenderException {
        throw new UnsupportedOperationException("skeleton: " + spec.name() + site);
    }

    /** The plan for one instance. */
    public LaunchPlan compose(ServerSpec spec, Site site, LaunchTicket ticket) throws RenderException {
        throw new UnsupportedOperationException("skeleton: " + spec.name() + site + ticket);
    }
}
