package io.connectctl.manager.api.v1;

import com.fasterxml.jackson.annotation.JsonIgnoreProperties;
import com.fasterxml.jackson.databind.JsonNode;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * One server, in full: beside the status its declaration with defaults and without secrets, its folders, and how it runs where
 * it runs (null from a daemon that doesn't tell).
 */
@JsonIgnoreProperties(ignoreUnknown = true)
public record DescribeView(
        ServerView server,
        JsonNode declaration,
        Map<String, String> folders,
        List<String> notes,
        @Nullable RuntimeView runtime) {}
