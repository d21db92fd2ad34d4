package io.connectctl.manager.supervise;

import io.connectctl.compose.render.LaunchPlan;
import io.connectctl.compose.render.LaunchTicket;
import io.connectctl.compose.render.RenderException;
import io.connectctl.compose.render.Site;
import io.connectctl.compose.spec.ServerSpec;

/** Makes the plan of one launch: {@code Composer::compose}. */
@FunctionalInterface
public interface Planner {
    /** See {@code Composer.compose}. */
    LaunchPlan compose(ServerSpec spec, Site site, LaunchTicket ticket) throws RenderException;
}
