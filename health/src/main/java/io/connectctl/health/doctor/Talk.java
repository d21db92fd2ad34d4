package io.connectctl.health.doctor;

import io.connectctl.health.proto.AnalyzePlanRequest;
import io.connectctl.health.proto.ArtifactStatusesRequest;
import io.connectctl.health.proto.ConfigRequest;
import io.connectctl.health.proto.ConfigResponse;
import io.connectctl.health.proto.KeyValue;
import io.connectctl.health.proto.Plan;
import io.connectctl.health.proto.Relation;
import io.connectctl.health.proto.ReleaseSessionRequest;
import io.connectctl.health.proto.SQL;
import io.connectctl.health.proto.SparkConnectServiceGrpc;
import io.connectctl.health.proto.UserContext;
import io.grpc.CallOptions;
import io.grpc.Channel;
import io.grpc.ClientInterceptors;
import io.grpc.Deadline;
import io.grpc.ManagedChannel;
import io.grpc.Metadata;
import io.grpc.MethodDescriptor;
import io.grpc.health.v1.HealthCheckRequest;
import io.grpc.health.v1.HealthCheckResponse.ServingStatus;
import io.grpc.health.v1.HealthGrpc;
import io.grpc.netty.NettyChannelBuilder;
import io.grpc.stub.ClientCalls;
import io.grpc.stub.MetadataUtils;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.Optional;
import java.util.UUID;

/**
 * One connection to a server, as a client of the URL would make it. Each call throws {@link io.grpc.StatusRuntimeException} for whatever
 * the server answers but a result. Calls that need a session use one whose id is made of the user's name, so that a server that is
 * examined again and again holds one session for all of it (3.x has places for 100 and can't give one back).
 */
final class Talk implements AutoCloseable {
    private static final Metadata.Key<String> AUTHORIZATION =
            Metadata.Key.of("authorization", Metadata.ASCII_STRING_MARSHALLER);

    private static final String NAME = "connectctl-doctor";

    /** Answers are a few hundred bytes; a foreign server must not fill our heap. */
    private static final int MAX_ANSWER_BYTES = 64 * 1024;

    private final ManagedChannel connection;
    private final Channel channel;
    private final UserContext user;
    private final String session;

    private Talk(ManagedChannel connection, Channel channel, String user) {
        this.connection = connection;
        this.channel = channel;
        this.user = UserContext.newBuilder().setUserId(user).build();
        this.session = UUID.nameUUIDFromBytes((NAME + " " + user).getBytes(StandardCharsets.UTF_8))
                .toString();
    }

    /** Connects at the first call. */
    static Talk to(ConnectUrl url, InetAddress address, boolean tls, Optional<String> token) {
        // An address instead of a name: the names were resolved before, and no HTTPS_PROXY is on the way.
        NettyChannelBuilder builder = NettyChannelBuilder.forAddress(new InetSocketAddress(address, url.port()))
                .overrideAuthority(url.authority())
                .directExecutor()
                .proxyDetector(target -> null)
                .disableRetry()
                .disableServiceConfigLookUp()
                .maxInboundMessageSize(MAX_ANSWER_BYTES)
                .userAgent(NAME);
        ManagedChannel connection = (tls ? builder.useTransportSecurity() : builder.usePlaintext()).build();
        Metadata headers = new Metadata();
        token.ifPresent(text -> headers.put(AUTHORIZATION, "Bearer " + text));
        url.headers()
                .forEach((key, value) -> headers.put(
                        Metadata.Key.of(key.toLowerCase(java.util.Locale.ROOT), Metadata.ASCII_STRING_MARSHALLER),
                        value));
        return new Talk(
                connection,
                ClientInterceptors.intercept(connection, MetadataUtils.newAttachHeadersInterceptor(headers)),
                url.userId());
    }

    /** grpc.health.v1 for the server as a whole. */
    ServingStatus health(Deadline deadline) {
        return unary(HealthGrpc.getCheckMethod(), HealthCheckRequest.getDefaultInstance(), deadline)
                .getStatus();
    }

    /** Spark 4.0 and later: does nothing for a session that doesn't exist. */
    void releaseNothing(Deadline deadline) {
        unary(
                SparkConnectServiceGrpc.getReleaseSessionMethod(),
                ReleaseSessionRequest.newBuilder()
                        .setSessionId(UUID.randomUUID().toString())
                        .setUserContext(user)
                        .setClientType(NAME)
                        .build(),
                deadline);
    }

    /** Spark 3.5: the status of no artifacts. */
    void statusOfNothing(Deadline deadline) {
        unary(
                SparkConnectServiceGrpc.getArtifactStatusMethod(),
                ArtifactStatusesRequest.newBuilder()
                        .setSessionId(UUID.randomUUID().toString())
                        .setUserContext(user)
                        .setClientType(NAME)
                        .build(),
                deadline);
    }

    /** Spark's version, such as {@code 4.0.1}; makes the session. */
    String sparkVersion(Deadline deadline) {
        return unary(
                        SparkConnectServiceGrpc.getAnalyzePlanMethod(),
                        analysis()
                                .setSparkVersion(AnalyzePlanRequest.SparkVersion.getDefaultInstance())
                                .build(),
                        deadline)
                .getSparkVersion()
                .getVersion();
    }

    /** Every plan of a query, from the parsed one to the physical one; runs no job. */
    String explain(String sql, Deadline deadline) {
        Plan plan = Plan.newBuilder()
                .setRoot(Relation.newBuilder().setSql(SQL.newBuilder().setQuery(sql)))
                .build();
        return unary(
                        SparkConnectServiceGrpc.getAnalyzePlanMethod(),
                        analysis()
                                .setExplain(AnalyzePlanRequest.Explain.newBuilder()
                                        .setPlan(plan)
                                        .setExplainMode(AnalyzePlanRequest.Explain.ExplainMode.EXPLAIN_MODE_EXTENDED))
                                .build(),
                        deadline)
                .getExplain()
                .getExplainString();
    }

    private AnalyzePlanRequest.Builder analysis() {
        return AnalyzePlanRequest.newBuilder()
                .setSessionId(session)
                .setUserContext(user)
                .setClientType(NAME);
    }

    /** A property as the session sees it; empty where it isn't set and has no default. */
    Optional<String> property(String key, Deadline deadline) {
        ConfigResponse answer = unary(
                SparkConnectServiceGrpc.getConfigMethod(),
                ConfigRequest.newBuilder()
                        .setSessionId(session)
                        .setUserContext(user)
                        .setClientType(NAME)
                        .setOperation(ConfigRequest.Operation.newBuilder()
                                .setGetOption(
                                        ConfigRequest.GetOption.newBuilder().addKeys(key)))
                        .build(),
                deadline);
        return answer.getPairsList().stream()
                .filter(KeyValue::hasValue)
                .map(KeyValue::getValue)
                .findFirst();
    }

    /** Gives the session back, its id usable again. Spark 4.0 and later. */
    void releaseSession(Deadline deadline) {
        unary(
                SparkConnectServiceGrpc.getReleaseSessionMethod(),
                ReleaseSessionRequest.newBuilder()
                        .setSessionId(session)
                        .setUserContext(user)
                        .setClientType(NAME)
                        .setAllowReconnect(true)
                        .build(),
                deadline);
    }

    @Override
    public void close() {
        connection.shutdownNow();
    }

    private <Q, A> A unary(MethodDescriptor<Q, A> method, Q request, Deadline deadline) {
        return ClientCalls.blockingUnaryCall(channel, method, CallOptions.DEFAULT.withDeadline(deadline), request);
    }
}
