package io.connectctl.manager.api.v1;

import com.fasterxml.jackson.annotation.JsonIgnoreProperties;
import java.util.List;

/**
 * What a launch would change now.
 *
 * @param known whether there is a server of that name
 * @param running whether an instance runs, from which the changes are counted
 */
@JsonIgnoreProperties(ignoreUnknown = true)
public record PlanView(
        String server, boolean known, boolean running, List<ChangeView> changes, List<ProblemView> warnings) {}
