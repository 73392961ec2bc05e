package logs

import (
	"cmp"
	"context"
	"encoding/base64"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs/types"

	"github.com/headgate/headgate/internal/caller"
	"github.com/headgate/headgate/internal/db"
)

// pageOf cuts a page out of items that are in order: those after the token's, at most limit. Keys
// are unique.
func pageOf[T any](items []T, key func(T) string, nextToken *string, limit *int32) ([]T, *string, error) {
	n := 50
	if limit != nil {
		if *limit < 1 || *limit > 50 {
			return nil, nil, invalid("1 validation error detected: Value '%d' at 'limit' failed to satisfy constraint: Member must have value between 1 and 50", *limit)
		}
		n = int(*limit)
	}
	if nextToken != nil {
		last, err := base64.RawURLEncoding.DecodeString(*nextToken)
		if err != nil {
			return nil, nil, badToken()
		}
		i := slices.IndexFunc(items, func(t T) bool { return key(t) == string(last) })
		items = items[i+1:]
	}
	if len(items) <= n {
		return items, nil, nil
	}
	return items[:n], aws.String(base64.RawURLEncoding.EncodeToString([]byte(key(items[n-1])))), nil
}

// DescribeLogGroups lists groups in order of name.
func (s *Service) DescribeLogGroups(ctx context.Context, in *cloudwatchlogs.DescribeLogGroupsInput, _ ...func(*cloudwatchlogs.Options)) (*cloudwatchlogs.DescribeLogGroupsOutput, error) {
	c := caller.From(ctx)
	if in.LogGroupNamePattern != nil && in.LogGroupNamePrefix != nil {
		return nil, invalid("LogGroupNamePattern and LogGroupNamePrefix are mutually exclusive.")
	}
	var all []group
	err := s.db.View(ctx, func(tx *db.Tx) (err error) {
		all, err = db.All(tx, scanGroup, selectGroup+` WHERE account = $1 AND region = $2`, c.Account, c.Region)
		return err
	})
	if err != nil {
		return nil, err
	}
	all = slices.DeleteFunc(all, func(g group) bool {
		return !strings.HasPrefix(g.name, aws.ToString(in.LogGroupNamePrefix)) ||
			!strings.Contains(strings.ToLower(g.name), strings.ToLower(aws.ToString(in.LogGroupNamePattern))) ||
			in.LogGroupClass != "" && string(in.LogGroupClass) != g.class ||
			len(in.LogGroupIdentifiers) > 0 && !slices.ContainsFunc(in.LogGroupIdentifiers, func(i string) bool {
				return i == g.name || i == groupARN(c, g.name) || i == groupARN(c, g.name)+":*"
			})
	})
	// Sorted here, since stores differ in how they collate.
	slices.SortFunc(all, func(a, b group) int { return strings.Compare(a.name, b.name) })
	page, next, err := pageOf(all, func(g group) string { return g.name }, in.NextToken, in.Limit)
	if err != nil {
		return nil, err
	}
	out := &cloudwatchlogs.DescribeLogGroupsOutput{LogGroups: make([]types.LogGroup, len(page)), NextToken: next}
	for i, g := range page {
		d := types.LogGroup{LogGroupName: &page[i].name, CreationTime: &page[i].created, StoredBytes: &page[i].bytes, LogGroupClass: types.LogGroupClass(g.class),
			MetricFilterCount: aws.Int32(0), Arn: aws.String(groupARN(c, g.name) + ":*"), LogGroupArn: aws.String(groupARN(c, g.name)), DeletionProtectionEnabled: &page[i].protected}
		if g.retention > 0 {
			d.RetentionInDays = aws.Int32(int32(g.retention))
		}
		if g.kmsKey != "" {
			d.KmsKeyId = &page[i].kmsKey
		}
		out.LogGroups[i] = d
	}
	return out, nil
}

// DescribeLogStreams lists a group's streams by name or by their last event.
func (s *Service) DescribeLogStreams(ctx context.Context, in *cloudwatchlogs.DescribeLogStreamsInput, _ ...func(*cloudwatchlogs.Options)) (*cloudwatchlogs.DescribeLogStreamsOutput, error) {
	if in.OrderBy == types.OrderByLastEventTime && in.LogStreamNamePrefix != nil {
		return nil, invalid("Cannot order by LastEventTime with a logStreamNamePrefix.")
	}
	if in.OrderBy != "" && !slices.Contains(in.OrderBy.Values(), in.OrderBy) {
		return nil, invalid("1 validation error detected: Value '%s' at 'orderBy' failed to satisfy constraint: Member must satisfy enum value set: [LogStreamName, LastEventTime]", in.OrderBy)
	}
	c := caller.From(ctx)
	g, err := s.groupOf(ctx, in.LogGroupName, in.LogGroupIdentifier)
	if err != nil {
		return nil, err
	}
	memory := s.buffer.pick(func(e *event) bool { return e.stream.group == g.id })
	var all []streamRow
	err = s.db.View(ctx, func(tx *db.Tx) error {
		all, err = db.All(tx, scanStream, selectStream+` WHERE log_group = $1`, g.id)
		return err
	})
	if err != nil {
		return nil, err
	}
	freshen(all, memory)
	all = slices.DeleteFunc(all, func(st streamRow) bool { return !strings.HasPrefix(st.name, aws.ToString(in.LogStreamNamePrefix)) })
	slices.SortFunc(all, func(a, b streamRow) int {
		if in.OrderBy == types.OrderByLastEventTime && a.lastAt != b.lastAt {
			return cmp.Compare(a.lastAt, b.lastAt)
		}
		return strings.Compare(a.name, b.name)
	})
	if aws.ToBool(in.Descending) {
		slices.Reverse(all)
	}
	page, next, err := pageOf(all, func(st streamRow) string { return st.name }, in.NextToken, in.Limit)
	if err != nil {
		return nil, err
	}
	out := &cloudwatchlogs.DescribeLogStreamsOutput{LogStreams: make([]types.LogStream, len(page)), NextToken: next}
	for i := range page {
		st := &page[i]
		d := types.LogStream{LogStreamName: &st.name, CreationTime: &st.created, StoredBytes: aws.Int64(0),
			Arn: aws.String(groupARN(c, g.name) + ":log-stream:" + st.name), UploadSequenceToken: aws.String(sequenceToken)}
		if st.lastAt > 0 {
			d.FirstEventTimestamp, d.LastEventTimestamp, d.LastIngestionTime = &st.firstAt, &st.lastAt, &st.ingested
		}
		out.LogStreams[i] = d
	}
	return out, nil
}

// freshen adds to the rows what is in memory.
func freshen(rows []streamRow, memory []event) {
	index := make(map[string]*streamRow, len(rows))
	for i := range rows {
		index[rows[i].id] = &rows[i]
	}
	for i := range memory {
		e := &memory[i]
		st := index[e.stream.id]
		if st == nil {
			continue
		}
		if st.firstAt == 0 || e.at < st.firstAt {
			st.firstAt = e.at
		}
		st.lastAt, st.ingested = max(st.lastAt, e.at), max(st.ingested, e.ingested)
	}
}
