package io.connectctl.manager.api.v1;

import com.fasterxml.jackson.annotation.JsonIgnoreProperties;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Where a server runs, and how.
 *
 * @param name {@code docker}, {@code process}, or {@code auto} before its first start
 * @param why why that one, where connectctl chose
 * @param container what only matters in a container; null for a process
 * @param remarks what people should know of it, a sentence each
 * @param python whether Python UDFs can work there; null where the daemon doesn't know
 */
@JsonIgnoreProperties(ignoreUnknown = true)
public record RuntimeView(
        String name,
        @Nullable String why,
        @Nullable ContainerView container,
        List<String> remarks,
        @Nullable PythonView python) {}
