package io.connectctl.manager.supervise;

import io.connectctl.compose.render.Composer;
import io.connectctl.compose.render.LaunchPlan;
import io.connectctl.compose.render.LaunchTicket;
import io.connectctl.compose.render.RenderException;
import io.connectctl.compose.render.Rendering;
import io.connectctl.compose.render.Site;
import io.connectctl.compose.spec.Secrets;
import io.connectctl.compose.spec.ServerSpec;
import java.util.Optional;
import java.util.OptionalInt;

/** Makes the plan of one launch: {@code Composer::compose}. */
@FunctionalInterface
public interface Planner {
    /** See {@code Composer.compose}. */
    LaunchPlan compose(ServerSpec spec, Site site, LaunchTicket ticket) throws RenderException;

    /** See {@code Composer.preview}: the files as they may be shown. */
    default Rendering preview(ServerSpec spec, Site site) throws RenderException {
        LaunchTicket nobody = new LaunchTicket(1, spec.name() + "/1/0", Optional.empty(), OptionalInt.empty());
        return compose(Secrets.redact(spec), site, nobody).rendering();
    }

    /** What this composer does. */
    static Planner of(Composer composer) {
        return new Planner() {
            @Override
            public LaunchPlan compose(ServerSpec spec, Site site, LaunchTicket ticket) throws RenderException {
                return composer.compose(spec, site, ticket);
            }

            @Override
            public Rendering preview(ServerSpec spec, Site site) throws RenderException {
                return composer.preview(spec, site);
            }
        };
    }
}
