package io.connectctl.manager.api.v1;

import com.fasterxml.jackson.annotation.JsonIgnoreProperties;
import org.jspecify.annotations.Nullable;

/**
 * A server's part of its cluster.
 *
 * @param applicationId as its scheduler knows it
 * @param state in its scheduler's word; none where the scheduler has none
 * @param queue where it is
 * @param link where a person looks at the application
 * @param diagnostics the scheduler's own words, such as why it waits; or why it can't be reached
 * @param executorsWanted as declared, such as {@code 2} or {@code 1-8}; none where it is Spark's default
 * @param executorsRegistered those that are there; none before they were counted
 * @param executorsLost those that were there
 * @param executorCores cores of all that are registered
 * @param executorPoolBytes the unified memory pools of all that are registered
 * @param explanation the arithmetic of an executor's memory
 */
@JsonIgnoreProperties(ignoreUnknown = true)
public record ClusterView(
        @Nullable String applicationId,
        @Nullable String state,
        @Nullable String queue,
        @Nullable String link,
        @Nullable String diagnostics,
        @Nullable String executorsWanted,
        @Nullable Integer executorsRegistered,
        @Nullable Integer executorsLost,
        @Nullable Integer executorCores,
        @Nullable Long executorPoolBytes,
        @Nullable String explanation) {}
