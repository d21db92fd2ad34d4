package io.connectctl.manager.api.v1;

import com.fasterxml.jackson.annotation.JsonIgnoreProperties;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** One server, as status shows it. Every instant is ISO-8601 in UTC. */
@JsonIgnoreProperties(ignoreUnknown = true)
public record ServerView(
        String name,
        String desired,
        String phase,
        String rung,
        @Nullable String url,
        String runtime,
        int incarnation,
        @Nullable Long pid,
        @Nullable String containerId,
        String sparkVersion,
        String master,
        @Nullable Integer port,
        @Nullable String uiUrl,
        MemoryView memory,
        int restarts,
        @Nullable String startedAt,
        @Nullable String healthySince,
        @Nullable String phaseSince,
        @Nullable CauseView cause,
        boolean changed,
        @Nullable String declaredIn,
        @Nullable String logFile,
        @Nullable String tokenFile,
        List<String> exposures,
        @Nullable String applicationId,
        @Nullable Integer cores,
        @Nullable Double startSeconds,
        double startTimeoutSeconds,
        @Nullable LeaseInfo lease,
        List<ChangeView> drift,
        boolean canRollBack,
        @Nullable ActivityView activity,
        @Nullable ClusterView cluster) {}
